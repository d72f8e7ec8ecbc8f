"""Single flight of a key: among processes of a host, and among hosts that share PostgreSQL."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import millrace
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.errors import TransientError
from millrace.jobs.execute import Executor, Job
from millrace.jobs.locks import key_lock, key_lock_if_free
from postgres_server import PostgresServer

KEY = "ab" * 32


@pytest.fixture
def catalog(url: str) -> Iterator[Catalog]:
    """A catalog on SQLite, then on PostgreSQL."""
    with Catalog(url) as opened:
        opened.migrate()
        yield opened


@pytest.fixture
def shared(server: PostgresServer) -> Iterator[str]:
    """A catalog that several hosts share."""
    made = server.create()
    with Catalog(made) as catalog:
        catalog.migrate()
    yield made
    server.drop(made)


@contextmanager
def holder(folder: Path, url: str) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the key."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("lock_holder.py")), str(folder), KEY, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(millrace.__file__).parents[1])},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def free(folder: Path, catalog: Catalog) -> bool:
    with key_lock_if_free(folder, KEY, catalog.locks) as got:
        return got


def wait_until_free(folder: Path, catalog: Catalog) -> None:
    end = time.monotonic() + 20
    while not free(folder, catalog):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_killed_holder_frees_the_key(tmp_path: Path, catalog: Catalog, url: str) -> None:
    with holder(tmp_path, url) as process:
        assert not free(tmp_path, catalog)
        with pytest.raises(TransientError, match="too long"):
            key_lock(tmp_path, KEY, catalog.locks, timeout=0.3).__enter__()
        process.kill()
        wait_until_free(tmp_path, catalog)


@pytest.mark.postgres
def test_a_killed_holder_on_another_host_frees_the_key(tmp_path: Path, shared: str) -> None:
    with Catalog(shared) as catalog, holder(tmp_path / "one", shared) as process:
        assert not free(tmp_path / "two", catalog)
        process.kill()
        wait_until_free(tmp_path / "two", catalog)


@pytest.mark.postgres
def test_who_waits_says_so_and_bears_a_database_that_goes_away(
    tmp_path: Path, shared: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Catalog(shared) as catalog, holder(tmp_path / "one", shared) as process:
        take, asked = catalog.locks.take, []

        def interrupted(key: str) -> Any:
            asked.append(key)
            if len(asked) == 2:
                raise TransientError("away")
            return take(key)

        monkeypatch.setattr(catalog.locks, "take", interrupted)
        with caplog.at_level(logging.INFO, "millrace.jobs.locks"), ThreadPoolExecutor() as pool:
            waiting = pool.submit(key_lock(tmp_path / "two", KEY, catalog.locks).__enter__)
            while len(asked) < 4 and not waiting.done():
                time.sleep(0.1)
            assert not waiting.done()
            process.communicate("done\n")
            waiting.result(20)
    assert "waiting for it" in caplog.text


def test_a_free_key_is_held_in_the_block(tmp_path: Path, catalog: Catalog) -> None:
    with key_lock_if_free(tmp_path, KEY, catalog.locks) as got:
        assert got
        assert not free(tmp_path, catalog)
    assert free(tmp_path, catalog)


@pytest.mark.postgres
def test_two_hosts_that_want_one_key_compute_it_once(
    stage: Path, tmp_path: Path, shared: str
) -> None:
    stage.write_text(stage.read_text().replace("def run(context):", SLOW))
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda name: execute(tmp_path, shared, name), ("one", "two")))
    assert sorted(state for _, state in made) == ["cached", "done"]
    assert len({ref for ref, _ in made}) == 1
    assert (tmp_path / "log").read_text() == "x"


SLOW = """def run(context):
    __import__("time").sleep(0.5)"""


def execute(folder: Path, url: str, host: str) -> tuple[Any, str]:
    """Execute the job as a host with a home of its own does."""
    with Catalog(url) as catalog:
        run = catalog.runs.start(host, "w", "w", {}, "0", {}, "manual", "0").id
        store = Store((folder / "store").as_uri(), folder / host / "cache")
        executor = Executor(store, catalog, folder / host, "w", run)
        job = Job("sample", {"value": 1}, locations={"log": str(folder / "log")})
        ref = executor.execute(job).ref
        (made,) = catalog.executions.of_run(run)
        return ref, made.state
