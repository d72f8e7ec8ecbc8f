"""The stack's servers and environment, once for all tests here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import airflow_stack
import compose_stack
import postgres_server


@dataclass(frozen=True)
class Stack:
    """The stack's databases and store on this machine.

    Attributes:
        variables: of `.env`. environment: of the service `airflow-init`.
        host: PostgreSQL's folder. port: for the API server. folder: of everything.
    """

    variables: dict[str, str]
    environment: dict[str, str]
    host: str
    port: int
    folder: Path


@pytest.fixture(scope="session")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of a generated `.env`."""
    if not shutil.which("docker-compose"):
        pytest.skip(compose_stack.MISSING)
    os.environ.setdefault("COMPOSE_PROJECT_NAME", f"millrace-test-{os.getpid()}")
    return compose_stack.prepared(tmp_path_factory.mktemp("env"))


@pytest.fixture(scope="session")
def stack(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """PostgreSQL as the stack makes it, an S3 endpoint, and Airflow's environment; nothing runs."""
    if not postgres_server.available():
        pytest.skip(postgres_server.MISSING)
    folder = tmp_path_factory.mktemp("stack")
    database = airflow_stack.StackPostgres(variables)
    store = airflow_stack.StackS3()
    port = airflow_stack.free_port()
    environment = airflow_stack.airflow_environment(
        variables, "airflow-init", database.host, store.url, folder, port
    )
    yield Stack(variables, environment, database.host, port, folder)
    store.close()
    database.stop()
