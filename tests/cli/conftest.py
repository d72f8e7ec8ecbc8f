"""An installation with a fake Airflow behind it, and a way to call `millrace` in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fake_airflow import FakeAirflow, serve
from millrace.cli import main
from millrace.cli.console import console

Millrace = Callable[..., tuple[int, str, str]]


@pytest.fixture
def millrace(home: Path, capsys: pytest.CaptureFixture[str]) -> Millrace:
    """Call `millrace` with these words; return exit code, standard output and standard error."""

    def call(*words: str) -> tuple[int, str, str]:
        console.cache_clear()
        code = main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def airflow(home: Path) -> Iterator[FakeAirflow]:
    """A fake Airflow that this installation takes for its own."""
    with serve() as fake:
        (home / "run").mkdir(parents=True)
        port = int(fake.url.rpartition(":")[2])
        (home / "run" / "address.json").write_text(json.dumps({"port": port}))
        (home / "passwords.json").write_text(json.dumps({"admin": fake.password}))
        yield fake
