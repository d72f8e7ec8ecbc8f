"""Airflow's own database: where it is, which driver, what is told when it cannot be reached."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from millrace.errors import SpecError, TransientError
from millrace.orchestration.embedded.installation import Installation
from millrace.orchestration.embedded.metadata import Metadata
from millrace.orchestration.embedded.options import environment
from postgres_server import PostgresServer

URL = "postgresql://me:pass%40word@db/airflow"


def test_it_is_a_file_of_the_installation_by_default(installation: Installation) -> None:
    env = environment(installation, 8123, {})
    assert installation.metadata.file == installation.airflow_home / "airflow.db"
    assert env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].startswith("sqlite:////")
    assert env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"].startswith("sqlite+aiosqlite:////")
    assert ".sqlite." in env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS"]


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_postgresql_gets_the_driver_that_the_extra_installs(
    installation: Installation, scheme: str
) -> None:
    there = replace(installation, airflow_database=URL.replace("postgresql", scheme))
    env = environment(there, 8123, {})
    expected = URL.replace("postgresql", "postgresql+psycopg2")
    assert env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == expected
    assert ".postgres." in env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS"]


@pytest.mark.parametrize("url", ["mysql://u:secret@h/x", "airflow", "sqlite:////elsewhere.db"])
def test_another_database_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SpecError, match="MILLRACE_AIRFLOW_DATABASE") as caught:
        Metadata.at(url, Path("/home"))
    assert "secret" not in str(caught.value)


@pytest.mark.postgres
def test_a_server_that_is_away_is_told_without_the_password(tmp_path: Path) -> None:
    url = f"postgresql://me:secret@/airflow?host={tmp_path}"
    with pytest.raises(TransientError, match="cannot be reached") as caught:
        Metadata.at(url, tmp_path).state()
    assert "secret" not in str(caught.value)
    assert "MILLRACE_AIRFLOW_DATABASE" in str(caught.value)


@pytest.mark.postgres
def test_a_database_that_lost_its_tables_is_prepared_again(server: PostgresServer) -> None:
    url = server.create()
    metadata = Metadata.at(url, Path("/home"))
    empty = metadata.state()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num text)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('abc')"))
    engine.dispose()
    assert metadata.state() != empty
    assert metadata.state().endswith("abc")
    server.drop(url)


def test_where_it_is_is_known_without_a_database_library() -> None:
    code = (
        "import sys; from millrace.orchestration.embedded.installation import Installation; "
        "assert 'sqlalchemy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
