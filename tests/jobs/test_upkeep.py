"""A worker's disk is looked after by its own jobs, once a day, and never at a job's cost."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.jobs.execute import Executor, Job
from millrace.jobs.upkeep import tidy_daily
from postgres_server import PostgresServer

OLD = time.time() - 3 * 24 * 3600


def old_scratch(home: Path, name: str) -> Path:
    folder = home / "scratch" / name
    folder.mkdir(parents=True)
    (folder / "rest").write_text("of a killed job")
    for path in (folder / "rest", folder):
        os.utime(path, (OLD, OLD))
    return folder


@pytest.fixture
def shared(server: PostgresServer) -> Iterator[Catalog]:
    url = server.create()
    with Catalog(url) as catalog:
        catalog.migrate()
        yield catalog
    server.drop(url)


def test_what_a_killed_job_left_goes_once_a_day(tmp_path: Path) -> None:
    left = old_scratch(tmp_path, "train-1")
    tidy_daily(tmp_path)
    assert not left.exists()
    again = old_scratch(tmp_path, "train-2")
    tidy_daily(tmp_path)
    assert again.exists()
    os.utime(tmp_path / "locks" / "tidied", (OLD, OLD))
    tidy_daily(tmp_path)
    assert not again.exists()


def test_what_is_in_use_stays(tmp_path: Path) -> None:
    used = old_scratch(tmp_path, "train-1")
    (used / "rest").write_text("of a job at work")
    tidy_daily(tmp_path)
    assert used.exists()


def test_a_setting_that_is_no_number_is_no_reason_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MILLRACE_KEEP_DAYS", "many")
    tidy_daily(tmp_path)
    assert "could not be removed" in caplog.text


def job(tmp_path: Path) -> Job:
    return Job("sample", {"value": 1}, locations={"log": str(tmp_path / "log")})


@pytest.mark.postgres
def test_a_job_of_a_shared_catalog_tidies_its_own_host(
    stage: Path, tmp_path: Path, shared: Catalog
) -> None:
    left = old_scratch(tmp_path / "home", "train-1")
    run = shared.runs.start("r", "w", "w", {}, "0", {}, "manual", "0").id
    store = Store((tmp_path / "store").as_uri())
    Executor(store, shared, tmp_path / "home", "w", run).execute(job(tmp_path))
    assert not left.exists()


def test_the_one_host_of_a_catalog_is_left_to_the_collection(
    stage: Path, tmp_path: Path, executor_in: object
) -> None:
    left = old_scratch(tmp_path / "home", "train-1")
    executor_in().execute(job(tmp_path))  # type: ignore[operator]
    assert left.exists()
