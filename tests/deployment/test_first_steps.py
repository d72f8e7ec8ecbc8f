"""The first steps of the stack before services that are not ready, or need no keys."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from stack.first_steps import ensure_bucket, refused
from stack.rules import generate

GOOD = {
    "AIRFLOW_ADMIN_PASSWORD": generate("AIRFLOW_ADMIN_PASSWORD"),
    "AIRFLOW__CORE__FERNET_KEY": generate("AIRFLOW_FERNET_KEY"),
    "AIRFLOW__API_AUTH__JWT_SECRET": generate("AIRFLOW_JWT_SECRET"),
    "AIRFLOW__API__SECRET_KEY": generate("AIRFLOW_API_SECRET_KEY"),
}


@contextmanager
def service(statuses: list[int], monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """An S3 service that answers with these statuses, the last one from then on."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_PUT(self) -> None:
            self.do_HEAD()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, generate(name))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()


def test_a_service_that_is_not_ready_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with service([503, 503, 500, 404, 200], monkeypatch) as asked:
        ensure_bucket("s3://bucket/store", 60)
    assert asked[-1].startswith("PUT /bucket")


def test_the_wait_for_a_service_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    with service([503], monkeypatch) as asked:
        ensure_bucket("s3://bucket/store", 0)
    assert {line.split()[0] for line in asked} == {"HEAD"}


def test_a_bucket_that_may_not_be_looked_at_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with service([403], monkeypatch) as asked:
        ensure_bucket("s3://bucket/store", 60)
    assert len(asked) == 1


def test_keys_are_looked_at_where_an_s3_store_gets_them() -> None:
    weak = {"AWS_ACCESS_KEY_ID": "example", "AWS_SECRET_ACCESS_KEY": "short"}
    assert len(refused(GOOD | weak, "s3://bucket/store")) == 2
    assert refused(GOOD | weak, "file:///store") == []
    assert refused(GOOD, "s3://bucket/store") == []  # the cluster says who asks
    assert refused(GOOD | {"AIRFLOW__API__SECRET_KEY": ""}, "s3://bucket/store")
