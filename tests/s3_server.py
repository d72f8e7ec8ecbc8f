"""An S3 endpoint over HTTP for tests: moto's server, with faults in front of it on demand.

Conditional puts are serialised, as the protocol promises; moto itself looks and writes apart.
"""

from __future__ import annotations

import socket
import struct
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any, NoReturn

Environ = dict[str, Any]
Fault = Callable[[Environ, Callable[[], list[bytes]]], Iterable[bytes]]
"""Takes a request and what would answer it; returns the body, having set ``answer``."""

ACCESS_KEY = "millrace-test-key"
SECRET_KEY = "a-secret-that-no-message-may-show"


@dataclass
class Rule:
    """A fault for requests of a method whose path and query contain `part`."""

    fault: Fault
    method: str
    part: str
    times: float

    def takes(self, environ: Environ) -> bool:
        target = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        fits = self.method in ("", environ["REQUEST_METHOD"]) and self.part in target
        if not fits or self.times < 1:
            return False
        self.times -= 1
        return True


class S3Server:
    """A running endpoint; `close` ends it. Its requests are listed in `requests`.

    Args:
        tls: files of its certificate and key; with them it speaks HTTPS.
    """

    def __init__(self, tls: tuple[str, str] | None = None) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from s3fs import S3FileSystem
        from werkzeug.serving import make_server

        S3FileSystem.clear_instance_cache()  # clients of an endpoint that was there before
        self.requests: list[str] = []
        self.rules: list[Rule] = []
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._conditional = Lock()
        self._server = make_server(
            "127.0.0.1",
            0,
            self._answer,
            threaded=True,
            request_handler=_quiet_handler(),
            ssl_context=tls,
        )
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def environment(self) -> dict[str, str]:
        """The variables that lead to it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def client(self) -> Any:
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name="us-east-1",
        )

    def bucket(self) -> str:
        """Make an empty bucket and return its name."""
        name = f"millrace-{uuid.uuid4().hex[:12]}"  # moto's servers in one process share buckets
        self.client().create_bucket(Bucket=name)
        return name

    def keys(self, bucket: str) -> list[str]:
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    @contextmanager
    def failing(
        self, fault: Fault, method: str = "", part: str = "", times: float = 1e9
    ) -> Iterator[Rule]:
        """Let requests fail in this block: `times` of them, of a method, with `part` in the URL."""
        rule = Rule(fault, method, part, times)
        self.rules.append(rule)
        try:
            yield rule
        finally:
            self.rules.remove(rule)

    def _answer(self, environ: Environ, start: Any) -> Iterable[bytes]:
        self.requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        environ["start"] = start
        for rule in self.rules:
            if rule.takes(environ):
                return rule.fault(environ, lambda: self._pass(environ, start))
        if ACCESS_KEY not in environ.get("HTTP_AUTHORIZATION", ""):
            return refuse(403, "InvalidAccessKeyId")(environ, list)
        return self._pass(environ, start)

    def _pass(self, environ: Environ, start: Any) -> list[bytes]:
        if "HTTP_IF_NONE_MATCH" not in environ:
            return list(self._moto(environ, start))
        with self._conditional:
            return list(self._moto(environ, start))


def _quiet_handler() -> Any:
    """Return moto's request handler without its line a request on standard error."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class Quiet(MotoRequestHandler):
        def log_request(self, code: object = "-", size: object = "-") -> None:
            pass

    return Quiet


def refuse(status: int, code: str) -> Fault:
    """Answer with an error of the protocol."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}.</Message></Error>"

    def fault(environ: Environ, _: Any) -> list[bytes]:
        _drain(environ)
        environ["start"](f"{status} {code}", [("Content-Type", "application/xml")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body.encode()]

    return fault


def reset(environ: Environ, _: Any) -> NoReturn:
    """Cut the connection before anything is done."""
    _drain(environ)
    _cut(environ)


def lose_answer(environ: Environ, answer: Any) -> NoReturn:
    """Do what is asked, then cut the connection instead of answering."""
    answer()
    _cut(environ)


def truncate(environ: Environ, answer: Any) -> Iterator[bytes]:
    """Send half of the answer's body and cut the connection."""
    body = b"".join(answer())
    yield body[: len(body) // 2]
    _cut(environ)


def hang(seconds: float) -> Fault:
    """Say nothing for a while, then cut the connection."""

    def fault(environ: Environ, _: Any) -> NoReturn:
        time.sleep(seconds)
        _cut(environ)

    return fault


def _drain(environ: Environ) -> None:
    """Read the request's body, as a server does that keeps the connection."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def _cut(environ: Environ) -> NoReturn:
    connection = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError
