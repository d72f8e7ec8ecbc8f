"""Airflow, catalog and predictions on one PostgreSQL database, the store on S3; two runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

import tiny_workflow
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.orchestration.embedded.installation import Installation
from postgres_server import PostgresServer
from real_airflow import Running, started
from s3_server import SECRET_KEY, S3Server

RUNS = ("one", "two")
PASSWORD = "a-password-that-no-log-may-show"
pytestmark = [
    pytest.mark.scheduler,
    pytest.mark.tensorflow,
    pytest.mark.postgres,
    pytest.mark.s3,
]


@dataclass(frozen=True)
class Servers:
    """An embedded Airflow and its servers; the runs `one` and `two` were made at once."""

    airflow: Servers
    s3: S3Server

    @property
    def installation(self) -> Installation:
        return self.airflow.installation

    @property
    def catalog(self) -> Catalog:
        return self.airflow.catalog


@pytest.fixture(scope="module")
def airflow(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("servers")
    url = server.create().replace("postgres@", f"postgres:{PASSWORD}@").replace("+psycopg2", "")
    s3 = S3Server()
    variables = {
        "MILLRACE_STORE": f"s3://{s3.bucket()}/millrace",
        "MILLRACE_CATALOG": url,
        "MILLRACE_PREDICTIONS": url,
        "MILLRACE_AIRFLOW_DATABASE": url,
        **s3.environment(),
    }
    try:
        with started(folder, {"tiny": tiny_workflow.SPEC}, variables) as running:
            run_two(running)
            yield Servers(running, s3)
    finally:
        s3.close()


def run_two(running: Running) -> None:
    for run_id in RUNS:
        running.client.trigger("tiny", {"limit": 500}, run_id)
    for run_id in RUNS:
        state = running.wait("tiny", run_id, 300)
        assert state == "success", (running.states("tiny", run_id), running.errors(run_id))


def query(running: Servers, statement: str) -> list[Any]:
    engine = create_engine(running.installation.settings.predictions.replace("ql:", "ql+psycopg2:"))
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]
    finally:
        engine.dispose()


def test_of_two_runs_at_once_one_computes_and_both_are_done(airflow: Servers) -> None:
    with airflow.catalog as catalog:
        records = [catalog.runs.find("tiny", run_id) for run_id in RUNS]
        assert [record.state for record in records if record] == ["done", "done"]
        states = [
            e.state
            for record in records
            if record
            for e in catalog.executions.of_run(record.id)
            if e.stage in {"train", "collect", "evaluate"}
        ]
        champion = catalog.models.champion("tiny")
    assert sorted(states) == ["cached"] * 4 + ["done"] * 4
    assert champion is not None
    assert champion.version == 1


def test_one_database_holds_airflow_the_catalog_and_the_predictions(airflow: Servers) -> None:
    rows = (
        "select count(*), count(distinct record_id) from predictions where run_id in ('one','two')"
    )
    ((total, distinct),) = query(airflow, rows)
    assert total == distinct > 0
    tables = {name for (name,) in query(airflow, "select tablename from pg_tables")}
    assert {"dag_run", "alembic_version", "millrace_revision", "runs", "predictions"} <= tables
    assert not (airflow.installation.airflow_home / "airflow.db").exists()


def test_the_artifacts_are_in_the_bucket_and_readable(airflow: Servers, tmp_path: Path) -> None:
    settings = airflow.installation.settings
    bucket = settings.store.split("/")[2]
    kinds = {key.split("/")[1] for key in airflow.s3.keys(bucket)}
    assert {"manifests", "objects", "documents"} <= kinds
    assert "checkpoints" not in kinds
    with airflow.catalog as catalog, pytest.MonkeyPatch.context() as patch:
        for name, value in airflow.s3.environment().items():
            patch.setenv(name, value)
        record = catalog.runs.find("tiny", "one")
        assert record is not None
        (made,) = [e for e in catalog.executions.of_run(record.id) if e.stage == "evaluate"]
        artifact = Store(settings.store, tmp_path).get(made.output)
        copy = artifact.extract(tmp_path / "copy")
    assert {p.relative_to(copy).as_posix() for p in copy.rglob("*.*")} == set(
        artifact.manifest.files
    )


def test_no_log_shows_a_password(airflow: Servers) -> None:
    home = airflow.installation.settings.home
    files = [path for path in home.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    found = [
        path
        for path in files
        if any(word.encode() in path.read_bytes() for word in (PASSWORD, SECRET_KEY))
    ]
    assert len(files) > 20
    assert found == []
