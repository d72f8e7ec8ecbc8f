"""`celery_started`: a stack with CeleryExecutor, whose workers share no disk.

Its databases are PostgreSQL's, its broker is Redis, its store is on S3. A worker dies with all that
it started, as a host does, and another host comes in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import create_engine, text

from celery_airflow import cluster
from crash.shelf import Bucket
from crash.stack import SETTINGS, Stack, pause_predictions
from crash.watcher import Watcher
from crash.workflow import NAME, spec
from postgres_server import PostgresServer


@dataclass(frozen=True)
class CeleryStack(Stack):
    """An Airflow with two Celery workers; the rest of it is not killed here.

    Attributes:
        cluster: of the workers.
    """

    cluster: Any = None

    def revive(self) -> None:
        """Nothing: only workers are killed, and `replace_worker` starts another."""

    def empty(self) -> None:
        self.shelf.clear()
        for url in (self.settings.catalog, self.settings.predictions):
            _empty(url)
        with self.catalog as catalog:
            catalog.migrate()

    def roots(self) -> Iterator[psutil.Process]:
        for worker in self.alive():
            yield psutil.Process(worker.process.pid)

    def alive(self) -> list[Any]:
        """Return the workers that run."""
        return [worker for worker in self.cluster.workers.values() if worker.process.alive]

    def replace_worker(self, number: int) -> bool:
        """Kill one of the workers that run, and start another one."""
        workers = self.alive()
        killed = bool(workers) and bool(workers[number % len(workers)].kill())
        self.cluster.add(f"w{len(self.cluster.workers) + 1}")
        return killed


@contextmanager
def celery_started(folder: Path, epochs: int) -> Iterator[CeleryStack]:
    """Start PostgreSQL, Redis, an S3 endpoint, Airflow and two workers; stop all at the end."""
    server = PostgresServer()
    try:
        specs, workers = {NAME: spec("local", epochs)}, ("w1", "w2")
        with cluster(folder, server, specs, workers, SETTINGS) as made:
            running = made.airflow
            pause_predictions(running.client)
            store = running.installation.settings.store
            shelf = Bucket(made.s3, made.s3.url, store.split("/")[2])
            yield CeleryStack(
                kind="celery",
                installation=running.installation,
                client=running.client,
                shelf=shelf,
                watcher=Watcher(shelf, None, ""),
                cluster=made,
            )
    finally:
        server.stop()


def _empty(url: str) -> None:
    """Remove everything from a database of PostgreSQL."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg2:"))
    try:
        with engine.begin() as connection:
            connection.execute(text("drop schema public cascade"))
            connection.execute(text("create schema public"))
    finally:
        engine.dispose()
