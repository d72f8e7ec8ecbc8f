"""An HTTPS server of tests: answers every request with the same bytes."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from certificates import Certificates


def wrapped(listening: socket.socket, made: Certificates) -> ssl.SSLSocket:
    """Return a socket whose connections are encrypted under a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server, made.key)
    return context.wrap_socket(listening, server_side=True)


@contextmanager
def serving(made: Certificates, body: bytes, **headers: str) -> Iterator[int]:
    """Serve `body` under a certificate; give the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *args: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = wrapped(server.socket, made)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = Thread(target=lambda: server.serve_forever(0.02), daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()
