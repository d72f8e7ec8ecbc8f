"""Every example that a person can copy, from the README and from the help, is understood."""

from __future__ import annotations

import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from millrace.cli.parser import COMMANDS, build_parser
from millrace.orchestration.notices_setting import notice_rules
from millrace.workflow.loader import load_all, load_file, spec_files

PROJECT = Path(__file__).parents[2]
_BLOCKS = re.findall(r"```bash\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
_YAML = re.findall(r"```yaml\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
_README = [line for block in _BLOCKS for line in block.splitlines() if line.startswith("millrace ")]
_HELP = [
    re.sub(r"  +.*", "", line.strip())  # the example, without what it says beside it
    for name in COMMANDS
    for line in (import_module(f"millrace.cli.{name}").__doc__ or "").splitlines()
    if re.match(r"  (\w+=\S+ )*millrace ", line)
]


def _words(line: str) -> list[str]:
    words = shlex.split(line.partition(" > ")[0], comments=True)
    return words[words.index("millrace") + 1 :]


def test_there_are_examples() -> None:
    assert len(_README) >= 5
    assert len(_HELP) >= len(COMMANDS)


@pytest.mark.parametrize("line", [*_README, *_HELP])
def test_an_example_is_understood(line: str) -> None:
    assert build_parser().parse_args(_words(line)).command in COMMANDS


@pytest.mark.parametrize("line", [line for line in _README + _HELP if "/0" in line])
def test_a_record_of_an_example_is_of_a_source_that_ships(line: str) -> None:
    specs = load_all(PROJECT / "include" / "workflows")
    assert _words(line)[-1].partition("/")[0] in {s.name for w in specs.values() for s in w.sources}


@pytest.mark.parametrize("line", [line for line in _README if line.startswith("millrace run ")])
def test_a_workflow_of_an_example_ships_or_is_made_before(line: str) -> None:
    names = {path.stem for path in spec_files(PROJECT / "include" / "workflows")}
    names |= {_words(line)[1] for line in _README if line.startswith("millrace new ")}
    assert _words(line)[1].removesuffix("_predict") in names


def test_the_workflow_of_the_readme_is_a_right_one(tmp_path: Path) -> None:
    (found,) = [block for block in _YAML if block.startswith("version: 1\n")]
    (tmp_path / "mnist.yaml").write_text(found)
    assert load_file(tmp_path / "mnist.yaml").name == "mnist"


def test_the_notices_of_the_readme_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = [block for block in _YAML if block.startswith("- notifier:")]
    monkeypatch.setenv("MILLRACE_NOTIFY", block)
    first, second = notice_rules()
    assert "failure" in first.events
    assert second.late_after == 7200


def test_every_picture_and_page_of_the_readme_exists() -> None:
    text = (PROJECT / "README.md").read_text()
    places = re.findall(r"\]\(([^)#:]+)\)|src=\"([^\"]+)\"", text)
    missing = [
        place for pair in places for place in pair if place and not (PROJECT / place).exists()
    ]
    assert missing == []
