"""The DAG `store_gc`: its form, its schedule, and what its tasks do."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from millrace.catalog.catalog import Catalog
from millrace.orchestration import housekeeping
from millrace.settings import Settings


@pytest.fixture
def garbage(home: Path) -> Path:
    """An installation with an abandoned temporary file two days old."""
    settings = Settings.load()
    home.mkdir()
    with Catalog(settings.catalog) as catalog:
        catalog.migrate()
    path = home / "store" / "objects" / "ab" / ".part-abandoned"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"12345")
    os.utime(path, (time.time() - 48 * 3600,) * 2)
    return path


def test_without_a_schedule_it_waits_and_only_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(housekeeping.SCHEDULE, raising=False)
    dag = housekeeping.housekeeping_dags()["store_gc"]
    assert dag.schedule is None
    assert dag.params["dry_run"] is True
    assert dag.task_dict["remove"].upstream_task_ids == {"report"}


def test_who_sets_a_schedule_wants_it_to_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(housekeeping.SCHEDULE, "@weekly")
    dag = housekeeping.housekeeping_dags()["store_gc"]
    assert dag.schedule == "@weekly"
    assert dag.params["dry_run"] is False


def test_the_report_removes_nothing_and_the_removal_does(
    garbage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = housekeeping.report()
    assert garbage.exists()
    assert (found["files"], found["bytes"], found["removed"]) == (1, 5, False)
    monkeypatch.setattr(housekeeping, "get_current_context", lambda: {"params": {"dry_run": False}})
    assert housekeeping.remove()["freed"] == 5
    assert not garbage.exists()


def test_a_dry_run_skips_the_removal(garbage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    context: dict[str, Any] = {"params": {"dry_run": True}}
    monkeypatch.setattr(housekeeping, "get_current_context", lambda: context)
    with pytest.raises(AirflowSkipException):
        housekeeping.remove()
    assert garbage.exists()
