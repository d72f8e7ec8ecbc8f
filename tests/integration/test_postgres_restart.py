"""PostgreSQL gone in the middle of catalog writes and of a delivery: retried, no double row."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import NullPool, create_engine, text

from millrace.artifacts.reference import ArtifactRef
from millrace.artifacts.tables import write_table
from millrace.catalog.catalog import Catalog
from millrace.data.delivery import Delivered, deliver, rows
from millrace.errors import TransientError
from postgres_server import PostgresServer

pytestmark = pytest.mark.postgres
ROWS = 20_000
RUN = {
    "workflow": "pets",
    "run_id": "manual__1",
    "model_version": 1,
    "model_digest": "d" * 64,
    "batch_key": "b" * 64,
}
TERMINATE = (
    "select pg_terminate_backend(pid) from pg_stat_activity "
    "where datname = current_database() and pid <> pg_backend_pid()"
)


@pytest.fixture
def own() -> Iterator[PostgresServer]:
    """A cluster that this test alone stops and starts."""
    import postgres_server

    if not postgres_server.available():
        pytest.skip(postgres_server.MISSING)
    running = PostgresServer()
    yield running
    running.stop()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write 20,000 predictions."""
    lists = pa.FixedSizeListArray.from_arrays(pa.array(np.tile(np.float32([0.2, 0.8]), ROWS)), 2)
    columns = {
        "record_id": pa.array([f"s/{number:07}" for number in range(ROWS)]),
        "source": pa.array(["s"] * ROWS),
        "label": pa.array(["cat"] * ROWS),
        "content_digest": pa.array([bytes(16)] * ROWS, pa.binary(16)),
        "predicted": pa.array(["dog"] * ROWS),
        "probability": pa.array([0.8] * ROWS, pa.float32()),
        "probabilities": lists,
    }
    fields = [pa.field(name, column.type) for name, column in columns.items()]
    fields[-1] = fields[-1].with_metadata({"millrace.labels": json.dumps(["cat", "dog"])})
    schema = pa.schema(fields)
    table = pa.table(list(columns.values()), schema=schema)
    write_table(tmp_path / "predictions.parquet", schema, [table])
    return tmp_path / "predictions.parquet"


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def half_way(monkeypatch: pytest.MonkeyPatch, happening: Callable[[], object]) -> None:
    """Let something happen once, after the first row groups of a delivery."""
    read, left = rows.read_table, [happening]

    def reading(*arguments: object) -> Iterator[pa.Table]:
        for table in read(*arguments):
            yield table
            if left:
                left.pop()()

    monkeypatch.setattr(rows, "read_table", reading)


def test_a_server_that_stops_in_a_delivery_leaves_no_row_and_then_each_once(
    own: PostgresServer, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = own.create()
    half_way(monkeypatch, own.halt)
    with pytest.raises(TransientError):
        deliver(file, url, "predictions", **RUN)
    with pytest.raises(TransientError):  # it is still away
        deliver(file, url, "predictions", **RUN)
    own.start()
    assert query(url, "select count(*) from predictions") == [(0,)]
    assert deliver(file, url, "predictions", **RUN) == Delivered(rows=ROWS, new_rows=ROWS)
    assert deliver(file, url, "predictions", **RUN) == Delivered(rows=ROWS, new_rows=0)


def test_a_connection_that_is_killed_in_a_delivery_is_worth_a_retry(
    server: PostgresServer, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.create()
    half_way(monkeypatch, lambda: query(url, TERMINATE))
    with pytest.raises(TransientError):
        deliver(file, url, "predictions", **RUN)
    assert deliver(file, url, "predictions", **RUN).new_rows == ROWS
    assert query(url, "select count(*), count(distinct record_id) from predictions") == [
        (ROWS, ROWS)
    ]
    server.drop(url)


class Writers:
    """Threads that record runs and versions, each repeated while its failure may pass."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._over = threading.Event()
        self.interrupted = 0
        self.written: list[int] = []
        self.broken: list[Exception] = []
        self._threads = [threading.Thread(target=self._loop, args=(n,)) for n in range(4)]

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _loop(self, worker: int) -> None:
        with Catalog(self._url) as catalog:
            number = 0
            while not self._over.is_set():
                try:
                    self.written.append(self._write(catalog, f"{worker}-{number}"))
                    number += 1
                except TransientError:
                    self.interrupted += 1
                    self._over.wait(0.1)
                except Exception as error:
                    self.broken.append(error)
                    return

    def _write(self, catalog: Catalog, word: str) -> int:
        run = catalog.runs.start(word, "pets", "pets", {}, "", {}, "manual", "0")
        bundle = ArtifactRef("bundle", f"key-{word}", f"digest-{word}", "file:///x", None, 1)
        version = catalog.models.register("pets", bundle, run.id, {}).version
        catalog.runs.finish(run.id, "done")
        return version


def test_writers_survive_killed_connections_and_a_restart_without_a_double_row(
    own: PostgresServer,
) -> None:
    url = own.create()
    with Catalog(url) as catalog:
        catalog.migrate()
    with Writers(url) as writers:
        for _ in range(5):
            query(url, TERMINATE)
        own.halt()
        own.start()
        before = len(writers.written)
        wait_until(lambda: len(writers.written) > before + 20)
    assert writers.broken == []
    assert writers.interrupted > 0
    with Catalog(url) as catalog:
        versions = [one.version for one in catalog.models.versions("pets")]
        runs = catalog.runs.latest(limit=10_000)
    assert sorted(versions) == list(range(1, len(versions) + 1))
    assert set(writers.written) <= set(versions)
    assert len({run.run_id for run in runs}) == len(runs)


def wait_until(true: Callable[[], bool], seconds: float = 30) -> None:
    waiting = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if true():
            return
        waiting.wait(0.05)
    raise AssertionError("it never came true")
