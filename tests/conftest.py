"""Fixtures of the whole suite. Airflow's own settings must stand before its first import."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))  # helper modules of the tests
import postgres_server

PROJECT = Path(__file__).parents[1]
_HOME = Path(tempfile.mkdtemp(prefix="millrace-tests-"))

_OURS = ("MILLRACE_DATA", "MILLRACE_STRICT", "MILLRACE_FUZZ_SECONDS")
for name in list(os.environ):  # what a shell has set must not change what is tested
    if name.startswith(("MILLRACE_", "MLFLOW_", "AWS_")) and name not in _OURS:
        del os.environ[name]
os.environ.update(
    AIRFLOW_HOME=str(_HOME / "airflow"),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__DAGS_FOLDER=str(_HOME / "dags"),
    AIRFLOW__CORE__PLUGINS_FOLDER=str(PROJECT / "plugins"),
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{_HOME}/airflow.db",
    AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
    MILLRACE_HOME=str(_HOME / "millrace"),
    TF_CPP_MIN_LOG_LEVEL="3",
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of its own: store, catalog and predictions in a temporary folder."""
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="session")
def server() -> Iterator[postgres_server.PostgresServer]:
    """One temporary PostgreSQL cluster for the whole session."""
    if not postgres_server.available():
        pytest.skip(postgres_server.MISSING)
    running = postgres_server.PostgresServer()
    yield running
    running.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database; a test that takes it runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'database.db'}"
        return
    server = request.getfixturevalue("server")
    made = server.create()
    yield made
    server.drop(made)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder with the public data sets, from MILLRACE_DATA."""
    value = os.environ.get("MILLRACE_DATA")
    if not value:
        pytest.skip("MILLRACE_DATA is not set: the public data sets are not on this machine")
    return Path(value)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Any:
    """In CI a missing part is a failure, not a skip."""
    report = yield
    if report.skipped and os.environ.get("MILLRACE_STRICT"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which MILLRACE_STRICT forbids: {report.longrepr}"
    return report
