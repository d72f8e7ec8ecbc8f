"""An installation in a temporary folder, and a fake Airflow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_airflow import FakeAirflow, serve
from millrace.orchestration.embedded.installation import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """An installation whose folders exist and where nothing runs."""
    found = Installation.load(
        {"MILLRACE_HOME": str(tmp_path / "home"), "MILLRACE_DAGS": str(tmp_path / "dags")}
    )
    found.prepare()
    return found


@pytest.fixture
def fake() -> Iterator[FakeAirflow]:
    """A server that answers like Airflow."""
    with serve() as server:
        yield server
