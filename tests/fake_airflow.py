"""A small HTTP server that answers as Airflow's REST API does, from a table of answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "token-of-the-fake"


class FakeAirflow:
    """What the server knows, and what it was asked.

    Attributes:
        answers: (method, path) to (status, document), or to a list of them: one a call, the last
            one for ever. Collections are cut into pages by `limit` and `offset`.
        requests: (method, path, body) of every call that carried the token.
        logins: how many tokens were asked for.
    """

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Any] = {}
        self.requests: list[tuple[str, str, Any]] = []
        self.logins = 0
        self.password = "secret"
        self.url = ""

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Any:
        """Return status and document."""
        if path == "/auth/token":
            self.logins += 1
            good = body["password"] == self.password
            return (201, {"access_token": TOKEN}) if good else (401, {"detail": "bad login"})
        self.requests.append((method, path, body))
        found = self.answers.get((method, path), (404, {"detail": f"no {path}"}))
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return _page(found, query)


def _page(found: Any, query: dict[str, list[str]]) -> Any:
    status, document = found
    if "limit" not in query or not isinstance(document, dict):
        return found
    start = int(query["offset"][0])
    stop = start + int(query["limit"][0])
    cut = {k: v[start:stop] if isinstance(v, list) else v for k, v in document.items()}
    return status, cut


@contextmanager
def serve() -> Iterator[FakeAirflow]:
    """Run a fake Airflow on a free port of loopback."""
    fake = FakeAirflow()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            free = parts.path in ("/auth/token", "/api/v2/monitor/health", "/execution/health")
            if free or self.headers.get("Authorization") == f"Bearer {TOKEN}":
                status, document = fake.answer(
                    self.command, parts.path, parse_qs(parts.query), body
                )
            else:
                status, document = 401, {"detail": "not authenticated"}
            data = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = _any  # noqa: N815

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
