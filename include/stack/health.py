"""`python -m stack.health PART`: exit 0 where a part of Airflow works, 1 with a sentence otherwise.

For health checks, which run all day: no Airflow is imported. Scheduler, DAG processor and triggerer
are as healthy as their heartbeats in the database, which the API server reads out.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import sys
import urllib.request
from collections.abc import Mapping
from typing import Any

API = "http://api-server:8080"
SECONDS = 8.0
PARTS = {
    "api-server": "metadatabase",
    "scheduler": "scheduler",
    "dag-processor": "dag_processor",
    "triggerer": "triggerer",
}
"""Part to its name in the API server's answer; that server is well where it reads the database."""


class UnhealthyError(Exception):
    """It does not work; the text says why."""


def main(arguments: list[str]) -> int:
    """Check one part; return the exit code."""
    name = arguments[0] if arguments else ""
    try:
        check(name)
    except (UnhealthyError, OSError, ValueError) as error:
        sys.stderr.write(f"{name}: {error}\n")
        return 1
    return 0


def check(name: str) -> None:
    """Raise where a part does not work.

    Args:
        name: one of `PARTS`, ``flower`` or ``worker``.

    Raises:
        UnhealthyError: it does not work, or there is no such part. OSError, ValueError: no answer.
    """
    if name == "flower":
        _get("http://127.0.0.1:5555/healthcheck")
    elif name == "worker":
        _ping(os.environ["AIRFLOW__CELERY__BROKER_URL"], _tls(os.environ))
    elif name in PARTS:
        _expect(_read(os.environ.get("MILLRACE_API_SERVER", API)), PARTS[name])
    else:
        raise UnhealthyError(f"expected one of {', '.join(PARTS)}, flower, worker")


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310  a fixed scheme
        return bytes(answer.read())


def _read(server: str) -> dict[str, dict[str, str]]:
    health = json.loads(_get(f"{server}/api/v2/monitor/health"))
    if not isinstance(health, dict):
        raise UnhealthyError(f"{server} is no API server of Airflow")
    return health


def _expect(health: dict[str, dict[str, str]], name: str) -> None:
    status = health.get(name, {}).get("status")
    if status != "healthy":
        raise UnhealthyError(f"its status is {status}")


def _tls(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what Celery is to know of TLS to Redis, from Airflow's variables (docs/tls.md)."""
    said = {
        name: environment.get(f"AIRFLOW__CELERY__SSL_{name}", "").strip()
        for name in ("ACTIVE", "CACERT", "CERT", "KEY")
    }
    if said["ACTIVE"].lower() not in {"t", "true", "1"}:
        return {}
    files = {"ca_certs": said["CACERT"], "certfile": said["CERT"], "keyfile": said["KEY"]}
    given = {f"ssl_{name}": path for name, path in files.items() if path}
    return {"broker_use_ssl": {"ssl_cert_reqs": ssl.CERT_REQUIRED, **given}}


def _ping(broker: str, tls: Mapping[str, Any]) -> None:
    """Ask the worker of this container through the broker, as whoever gives it work would."""
    from celery import Celery
    from kombu.exceptions import KombuError

    name = f"celery@{socket.gethostname()}"
    try:
        with Celery(broker=broker) as app:
            app.conf.update(tls)
            answer = app.control.inspect([name], timeout=SECONDS).ping()
    except KombuError as error:
        raise UnhealthyError(f"the broker does not answer: {error}") from error
    if not answer:
        raise UnhealthyError(f"{name} does not answer")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
