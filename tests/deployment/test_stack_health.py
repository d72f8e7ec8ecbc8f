"""The health checks of the stack's containers, against a broker, a worker and answers over HTTP."""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import certificates
import redis_server
from stack.health import PARTS, main

WORKER = """
from airflow.providers.celery.executors.celery_executor_utils import app
app.worker_main(["worker", "--pool=solo", "--loglevel=error"])
"""


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], None]]:
    """Let the API server give this answer."""
    said: list[bytes] = [b""]

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/api/v2/monitor/health" else 404)
            self.end_headers()
            self.wfile.write(said[0])

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("MILLRACE_API_SERVER", f"http://127.0.0.1:{server.server_port}")

    def give(document: Any) -> None:
        said[0] = document if isinstance(document, bytes) else json.dumps(document).encode()

    yield give
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("part", "name"), PARTS.items())
def test_a_part_is_as_healthy_as_its_heartbeat(
    answer: Any, part: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    healthy = {each: {"status": "healthy"} for each in PARTS.values()}
    answer(healthy)
    assert main([part]) == 0
    answer(healthy | {name: {"status": "unhealthy"}})
    assert main([part]) == 1
    assert "its status is unhealthy" in capsys.readouterr().err
    answer(healthy | {name: {"status": None}})
    assert main([part]) == 1


@pytest.mark.parametrize("said", [b"", b"<html>", b"[]", b"3"])
def test_an_answer_of_something_else_is_no_health(answer: Any, said: bytes) -> None:
    answer(said)
    assert main(["scheduler"]) == 1


def test_a_server_that_is_away_is_no_health(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_API_SERVER", "http://127.0.0.1:9")
    assert main(["triggerer"]) == 1


@pytest.mark.parametrize("arguments", [[], ["nothing"], [""]])
def test_an_unknown_part_is_named(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    assert "expected one of" in capsys.readouterr().err


def test_no_check_imports_airflow() -> None:
    code = "import sys, stack.health; sys.exit('airflow' in sys.modules or 'celery' in sys.modules)"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "include")}
    assert subprocess.run([sys.executable, "-c", code], env=env, check=False).returncode == 0


@pytest.mark.redis
@pytest.mark.celery
def test_a_worker_is_healthy_while_it_answers() -> None:
    with working() as (env, worker, broker):
        assert eventually(lambda: health(env) == 0)
        worker.send_signal(signal.SIGSTOP)
        assert health(env) == 1
        worker.send_signal(signal.SIGCONT)
        assert eventually(lambda: health(env) == 0)
        broker.halt()
        assert health(env) == 1


@pytest.mark.redis
@pytest.mark.celery
@pytest.mark.parametrize("mutual", [False, True])
def test_a_worker_is_asked_over_tls(mutual: bool, tmp_path: Path) -> None:
    ours, other = (certificates.make(tmp_path / name, name) for name in ("ours", "other"))
    with working(ours, mutual=mutual) as (env, *_):
        assert eventually(lambda: health(env) == 0)
        assert health(env | secured(other, mutual=mutual)) == 1


@contextmanager
def working(
    made: certificates.Certificates | None = None, *, mutual: bool = False
) -> Iterator[tuple[dict[str, str], subprocess.Popen[bytes], redis_server.RedisServer]]:
    """Start a broker and a worker; give the worker's environment, itself, and the broker."""
    if not redis_server.available():
        pytest.skip(redis_server.MISSING)
    broker = redis_server.RedisServer(made, known=mutual)
    tls = {} if made is None else secured(made, mutual=mutual)
    env = {**os.environ, "AIRFLOW__CELERY__BROKER_URL": broker.url, **tls}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    worker = subprocess.Popen([sys.executable, "-c", WORKER], env=env, **quiet)
    try:
        yield env, worker, broker
    finally:
        worker.kill()
        worker.wait()
        broker.stop()


def secured(made: certificates.Certificates, *, mutual: bool) -> dict[str, str]:
    """Return Airflow's settings of TLS to the broker, as docs/tls.md gives them."""
    own = {"CERT": str(made.server), "KEY": str(made.key)} if mutual else {}
    said = {"ACTIVE": "True", "MUTUAL_TLS": str(mutual), "CACERT": str(made.authority), **own}
    return {f"AIRFLOW__CELERY__SSL_{name}": value for name, value in said.items()}


def health(env: dict[str, str]) -> int:
    env = {**env, "PYTHONPATH": str(Path(__file__).parents[2] / "include")}
    command = [sys.executable, "-m", "stack.health", "worker"]
    done = subprocess.run(command, env=env, capture_output=True, timeout=45, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert b"Traceback" not in done.stderr, done.stderr
    return done.returncode


def eventually(happened: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if happened():
            return True
    return False
