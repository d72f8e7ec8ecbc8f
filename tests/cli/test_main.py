"""The command line as a whole: help, exit codes, errors in one sentence, a quick start."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from millrace import __version__
from millrace.cli import main as entry
from millrace.cli.parser import COMMANDS
from millrace.errors import ExitCode

_HEAVY = ("airflow", "pandas", "tensorflow", "sklearn", "matplotlib", "numpy", "sqlalchemy")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as done:
        entry([command, "--help"])
    assert done.value.code == 0
    assert f"millrace {command}" in capsys.readouterr().out.split("Example", 1)[1]


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        entry(["--version"])
    assert capsys.readouterr().out == f"millrace {__version__}\n"


def test_an_unknown_command_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        entry(["fly"])
    assert done.value.code == 2
    assert "validate" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["validate", "--help"], ["runs", "--help"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = f"""
import sys
from millrace.cli import main
try:
    main({words!r})
except SystemExit:
    pass
heavy = [name for name in {_HEAVY!r} if name in sys.modules]
sys.exit(1 if heavy else 0)
"""
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL).returncode == 0


def test_a_known_error_is_one_sentence_and_an_exit_code(
    millrace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_PORT", "http")
    code, out, err = millrace("up")
    assert code == ExitCode.SPEC
    assert out == ""
    assert err.startswith("millrace up: MILLRACE_PORT: not a usable number")
    assert err.count("\n") == 1


def test_a_bug_keeps_its_traceback(millrace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from millrace.settings import Settings

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Settings, "load", broken)
    with pytest.raises(ZeroDivisionError):
        millrace("validate")


def test_an_interruption_is_no_traceback(millrace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from millrace.settings import Settings

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Settings, "load", interrupted)
    code, _, err = millrace("validate")
    assert (code, err) == (130, "millrace validate: interrupted\n")
