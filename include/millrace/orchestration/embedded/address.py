"""`Address`: the port of this installation, remembered so that bookmarks survive a restart."""

from __future__ import annotations

import json
from pathlib import Path

from millrace.orchestration.embedded.installation import DEFAULT_PORT, USER, Installation
from millrace.orchestration.embedded.password import password
from millrace.orchestration.embedded.ports import choose_port
from millrace.orchestration.rest import AirflowClient


def url(port: int) -> str:
    """Return the address of the user interface and of the REST API."""
    return f"http://127.0.0.1:{port}"


def known_port(installation: Installation) -> int | None:
    """Return the port that the installation used last, or None."""
    try:
        port = json.loads(_file(installation).read_text(encoding="utf-8"))["port"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return port if isinstance(port, int) else None


def new_port(installation: Installation) -> int:
    """Choose a port that is free now, and remember it.

    Raises:
        SpecError: the one that was asked for is taken.
    """
    preferred = known_port(installation) or DEFAULT_PORT
    port = choose_port(installation.port, preferred)
    _file(installation).write_text(json.dumps({"port": port}), encoding="utf-8")
    return port


def client(installation: Installation) -> AirflowClient:
    """Return a client of this installation's Airflow, running or not."""
    port = known_port(installation) or installation.port or DEFAULT_PORT
    return AirflowClient(url(port), USER, password(installation.password_file))


def _file(installation: Installation) -> Path:
    return installation.run / "address.json"
