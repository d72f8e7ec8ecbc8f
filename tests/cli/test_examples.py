"""Every example that a person can copy, from the README and from the help, is understood."""

from __future__ import annotations

import re
import shlex
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from millrace.cli.parser import COMMANDS, build_parser
from millrace.orchestration.notices_setting import notice_rules
from millrace.workflow.loader import load_all, load_file, spec_files

PROJECT = Path(__file__).parents[2]
_BLOCKS = re.findall(r"```bash\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
_YAML = re.findall(r"```yaml\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
_PAGES = ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", *("docs", "decisions", "benchmarks"))
_DOCUMENTS = [
    page
    for place in _PAGES
    for page in ([PROJECT / place] if place.endswith(".md") else (PROJECT / place).glob("*.md"))
]
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


def test_the_workflow_over_scans_of_the_readme_is_a_right_one(tmp_path: Path) -> None:
    (found,) = [block for block in _YAML if block.startswith("task: ")]
    (tmp_path / "scans.yaml").write_text(f"version: 1\nname: scans\n{found}")
    spec = load_file(tmp_path / "scans.yaml")
    assert spec.sensitivity(source.kind for source in spec.sources) == "identified"


def test_every_workflow_that_ships_has_a_row_in_the_readme() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| .* \|$", (PROJECT / "README.md").read_text(), re.M)
    assert {path.stem for path in spec_files(PROJECT / "include" / "workflows")} <= {*rows}


@pytest.mark.parametrize("page", _DOCUMENTS, ids=lambda page: page.name)
def test_commands_settings_and_links_of_a_page_exist(page: Path) -> None:
    text = page.read_text()
    commands = set(re.findall(r"(?:`|worker )millrace ([a-z]+)\b", text))
    assert commands <= {*COMMANDS}
    assert _unknown_settings(text) == set()
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
    tests = re.findall(r"`(tests/[\w/.]+)`", text)
    assert [name for name in tests if not (PROJECT / name).exists()] == []


def _unknown_settings(text: str) -> set[str]:
    """Return the variables of a page that nothing in the project reads."""
    named = {*re.findall(r"\bMILLRACE_[A-Z_]*[A-Z]\b", text)}
    return named - {*re.findall(r"\bMILLRACE_[A-Z_]*[A-Z]\b", _sources())}


@cache
def _sources() -> str:
    """Return all that reads variables."""
    files = [*(PROJECT / "include").rglob("*.py"), PROJECT / "docker-compose.yml"]
    return "\n".join(path.read_text() for path in files)


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
