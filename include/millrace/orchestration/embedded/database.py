"""`migrate`: bring Airflow's own database to the version of the installed Airflow.

The command costs seconds, so it runs only where the version or the database is a new one.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from millrace.errors import TransientError
from millrace.orchestration.embedded.installation import Installation
from millrace.orchestration.embedded.tail import tail


def migrate(installation: Installation, env: Mapping[str, str]) -> bool:
    """Migrate where it is needed; return whether it was.

    Raises:
        TransientError: the database cannot be reached, or Airflow could not do it; names the log.
    """
    stamp = installation.airflow_home / "migrated"
    if _read(stamp) == _state(installation):
        return False
    log = installation.logs / "migrate.log"
    with log.open("wb") as stream:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "airflow", "db", "migrate"],
            env=dict(env),
            cwd=installation.airflow_home,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        raise TransientError(
            "Airflow's database could not be prepared",
            where=log,
            received=tail(log, 3),
            remedy=f"If it is beyond repair, remove {_what(installation)}: Airflow's history "
            "is lost, Millrace's artifacts and catalog are not.",
        )
    stamp.write_text(_state(installation), encoding="utf-8")
    return True


def _state(installation: Installation) -> str:
    """Return what a stamp is valid for: this Airflow, and this very database."""
    return f"{version('apache-airflow')} {installation.metadata.state()}"


def _what(installation: Installation) -> str:
    return str(installation.airflow_home) if installation.metadata.file else "Airflow's tables"


def _read(stamp: Path) -> str | None:
    return stamp.read_text(encoding="utf-8") if stamp.exists() else None
