"""The Airflow of the stack on this machine: the compose file's environment before real servers.

PostgreSQL is made by the stack's own script and asks for passwords; the S3 endpoint is moto's. What
a container has elsewhere (host names, folders) is replaced by the places of this machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import compose_stack
from postgres_server import PostgresServer
from s3_server import S3Server
from socket_proxy import free_port

PROJECT = compose_stack.PROJECT
DATABASES = PROJECT / "include" / "images" / "postgres" / "databases.sh"
_HBA = "local all postgres trust\nlocal all all scram-sha-256\n"


class StackS3(S3Server):
    """An endpoint that takes whatever key the stack generated."""

    def _answer(self, environ: dict[str, Any], start: Any) -> Any:
        return self._pass(environ, start)


class StackPostgres(PostgresServer):
    """A cluster with the stack's databases, whose owners need their passwords."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__()
        self.host = str(self._folder)
        command = ["bash", str(DATABASES)]
        done = subprocess.run(
            command,
            env={"PATH": os.environ["PATH"], "PGHOST": self.host, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        (self._data / "pg_hba.conf").write_text(_HBA)
        self.halt()
        self.start()


def airflow_environment(
    variables: Mapping[str, str], service: str, host: str, s3: str, folder: Path, port: int
) -> dict[str, str]:
    """Return the environment of a service of the compose file, with the places of this machine."""
    document = compose_stack.resolved(variables)
    own = {k: str(v or "") for k, v in document["services"][service]["environment"].items()}
    places = {
        "@postgres:5432/airflow": f"@/airflow?host={host}",
        f"@{compose_stack.project(variables)}-postgres:5432/catalog": f"@/catalog?host={host}",
        "@postgres:5432/predictions": f"@/predictions?host={host}",
        "http://s3:8333": s3,
        "http://api-server:8080": f"http://127.0.0.1:{port}",
        "/opt/millrace": str(PROJECT),
        "/opt/airflow": str(folder / "airflow"),
        "/scratch": str(folder / "scratch"),
    }
    for name, value in own.items():
        for old, new in places.items():
            value = value.replace(old, new)
        own[name] = value
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "AIRFLOW_HOME": str(folder / "airflow"),
        "PYTHONPATH": str(PROJECT / "include"),
        "PYTHONUNBUFFERED": "1",
        "MILLRACE_API_SERVER": f"http://127.0.0.1:{port}",
        **own,
    }


def run(command: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(command),
        env=dict(env),
        cwd=env["HOME"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@contextmanager
def api_server(env: Mapping[str, str], port: int) -> Iterator[str]:
    """Run the API server until the block ends; give its URL when it answers."""
    log = Path(env["HOME"]) / "api-server.log"
    command = ["airflow", "api-server", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--proxy-headers", "--workers", "1"],
            env=dict(env),
            cwd=env["HOME"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(process, f"{url}/api/v2/monitor/health", log)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=10):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.3)
    process.kill()
    raise RuntimeError(f"the API server did not start: {log.read_text()[-3000:]}")


__all__ = [
    "DATABASES",
    "StackPostgres",
    "StackS3",
    "airflow_environment",
    "api_server",
    "free_port",
    "run",
]
