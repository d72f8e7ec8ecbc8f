"""A source that grew: what discover logs, and which partitions are collected anew."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import array_sources
import tiny_workflow
from millrace.catalog.catalog import Catalog
from millrace.jobs import steps
from millrace.jobs.workflow_run import RunIdentity, WorkflowRun, start_run
from millrace.settings import Settings

SOURCE = "- {name: digits, kind: image_csv, uri: %s, partition_rows: 10}"


@pytest.fixture
def table(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workflow on a table of pictures; return the table."""
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path))
    Catalog(Settings.load().catalog).migrate()
    old = "- {name: digits, kind: sklearn, partition_rows: 250}"
    text = tiny_workflow.SPEC.replace(old, SOURCE % (tmp_path / "made.csv"))
    (tmp_path / "tiny.yaml").write_text(text)
    write(tmp_path / "made.csv", 25)
    return tmp_path / "made.csv"


def write(path: Path, rows: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (rows, 8, 8), np.uint8)
    path.write_text(array_sources.csv_text(images, [n % 10 for n in range(rows)]))


def begin(name: str, **conf: Any) -> WorkflowRun:
    return start_run(RunIdentity("tiny", "tiny", name), conf, "manual", attempt=1)


def found(run: WorkflowRun, caplog: pytest.LogCaptureFixture) -> str:
    with caplog.at_level(logging.INFO, "millrace.jobs.growth"):
        steps.discover(run)
    said: str = caplog.records[-1].message
    return said


def states(run: WorkflowRun) -> list[str]:
    for partition in steps.discover(run):
        steps.collect(run, partition)
    executions = run.catalog.executions.of_run(run.id)
    return [record.state for record in executions if record.stage == "collect"]


def test_discover_says_which_partitions_are_new(
    table: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert found(begin("one"), caplog) == "There is no earlier run to compare the sources with"
    assert found(begin("two"), caplog) == "source digits: 3 partitions: 3 as before"
    write(table, 45)
    said = "source digits: 5 partitions: 2 as before, 1 changed (2), 2 new (3, 4)"
    assert found(begin("three"), caplog) == said
    assert "no earlier run" in found(begin("four", limit=5), caplog)


def test_only_new_partitions_are_collected(table: Path) -> None:
    assert states(begin("one")) == ["done"] * 3
    write(table, 45)
    assert states(begin("two")) == ["cached", "cached", "done", "done", "done"]


def test_rows_that_moved_within_the_file_are_not_collected_again(table: Path) -> None:
    assert states(begin("one")) == ["done"] * 3
    lines = table.read_text().splitlines()
    lines[1] = lines[1].replace(",", ", ")
    table.write_text("\n".join(lines))
    assert states(begin("two")) == ["done", "cached", "cached"]
