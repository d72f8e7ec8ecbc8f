"""Commands that need no Airflow: validate, schema, password, down; and status without one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from millrace.errors import ExitCode

GOOD = """version: 1
name: {name}
task: image_classification
sources:
  - {{name: digits, kind: sklearn}}
transform: {{size: [8, 8], channels: 1}}
model: {{kind: cnn}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of workflows with one good one."""
    found = tmp_path / "workflows"
    found.mkdir()
    (found / "good.yaml").write_text(GOOD.format(name="good"))
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(found))
    return found


def test_one_wrong_file_does_not_hide_the_others(millrace: Any, folder: Path) -> None:
    (folder / "bad.yaml").write_text(GOOD.format(name="bad") + "colour: red\n")
    (folder / "worse.yaml").write_text("[")
    code, out, _ = millrace("validate")
    assert code == ExitCode.SPEC
    assert "good: ok, image_classification: digits (sklearn)" in out
    assert "bad.yaml:8: colour" in out
    assert "worse:" in out


def test_a_file_anywhere_can_be_checked(millrace: Any, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "draft.yaml").write_text(GOOD.format(name="draft"))
    code, out, _ = millrace("validate", str(tmp_path / "draft.yaml"), "good")
    assert code == 0
    assert out.count(": ok, ") == 2


def test_an_unknown_name_lists_the_known_ones(millrace: Any, folder: Path) -> None:
    code, out, _ = millrace("validate", "god")
    assert code == ExitCode.SPEC
    assert "Did you mean good?" in out


def test_what_is_wrong_between_files_is_found(millrace: Any, folder: Path) -> None:
    (folder / "good_predict.yaml").write_text(GOOD.format(name="good_predict"))
    code, _, err = millrace("validate")
    assert code == ExitCode.SPEC
    assert "another's prediction DAG" in err


def test_the_workflows_that_ship_are_right(millrace: Any) -> None:
    assert millrace("validate")[0] == 0


def test_the_schema_is_json(millrace: Any) -> None:
    code, out, _ = millrace("schema")
    assert code == 0
    assert json.loads(out)["discriminator"]["propertyName"] == "task"


def test_the_password_stays_the_same(millrace: Any, home: Path) -> None:
    first = millrace("password")[1]
    assert millrace("password")[1] == first
    assert len(first.strip()) >= 16


def test_down_where_nothing_runs_succeeds(millrace: Any, home: Path) -> None:
    assert millrace("down") == (0, "Airflow was not running.\n", "")


def test_status_where_nothing_was_ever_started(millrace: Any, home: Path) -> None:
    code, out, _ = millrace("status")
    assert code == ExitCode.RETRY
    assert "millrace up" in out


def test_status_of_a_dead_installation_names_each_component(
    millrace: Any, home: Path, history: Any, folder: Path
) -> None:
    (home / "run").mkdir()
    (home / "run" / "address.json").write_text('{"port": 9}')
    code, out, _ = millrace("status")
    assert code == ExitCode.RETRY
    assert out.count("not running") == 4
    assert "none yet" in out
