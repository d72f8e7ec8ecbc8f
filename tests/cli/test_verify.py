"""`millrace verify`: what it prints, and its exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from millrace.catalog.catalog import Catalog
from millrace.jobs.steps import STEPS
from millrace.jobs.workflow_run import RunIdentity, WorkflowRun, start_run
from millrace.settings import Settings

SPEC = """\
version: 1
name: small
task: image_classification
sources: [{name: uci, kind: sklearn, partition_rows: 1000}]
transform: {size: [8, 8], channels: 1}
model: {kind: mlp}
"""


@pytest.fixture
def run(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorkflowRun:
    """A run of `small` up to clean, of its first partition."""
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "small.yaml").write_text(SPEC)
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path / "workflows"))
    home.mkdir()
    Catalog(Settings.load().catalog).migrate()
    made = start_run(RunIdentity("small", "small", "one"), {"limit": 100}, "manual")
    (partition,) = STEPS["discover"](made)
    STEPS["clean"](made, partition, STEPS["collect"](made, partition))
    return made


def test_a_run_that_can_be_repeated_is_the_same(
    millrace: Any, run: WorkflowRun, home: Path
) -> None:
    code, out, _ = millrace("verify", "1")
    assert code == 0
    assert "collect uci/0           same" in out
    assert "Same as recorded: 3 results." in out
    assert list((home / "scratch").iterdir()) == []


def test_the_first_difference_is_named_and_ends_it(
    millrace: Any, run: WorkflowRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    from millrace.data import collect

    original = collect.run

    def other(context: Any) -> Any:
        import dataclasses

        made = original(context)
        return dataclasses.replace(made, facts={**made.facts, "colour": "blue"})

    monkeypatch.setattr(collect, "run", other)
    monkeypatch.setattr("millrace.jobs.verification.outdated", lambda execution: "changed: code")
    code, out, _ = millrace("verify", "1")
    assert code == 65
    assert "The first difference is in collect uci/0:" in out
    assert "fact.colour: None then, blue now" in out
    assert "clean" not in out
    code, out, _ = millrace("verify", "1", "--keep-going")
    assert code == 65
    assert "clean uci/0             same" in out


@pytest.mark.usefixtures("run")
def test_one_stage_alone(millrace: Any) -> None:
    code, out, _ = millrace("verify", "1", "--stage", "clean")
    assert code == 0
    assert "Same as recorded: 1 result (2 skipped)." in out


@pytest.mark.usefixtures("run")
def test_nothing_verified_is_no_success(millrace: Any) -> None:
    code, out, _ = millrace("verify", "1", "--stage", "train")
    assert code == 65
    assert "Nothing was verified (3 skipped)." in out


@pytest.mark.usefixtures("run")
def test_what_is_not_there_is_refused(millrace: Any) -> None:
    assert millrace("verify", "9")[0] == 64
    code, _, err = millrace("verify", "1", "--stage", "trian")
    assert code == 64
    assert "unknown stage" in err
