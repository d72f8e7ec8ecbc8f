"""The profile `tls`: HTTPS before the API server, by the stack's configuration in nginx."""

from __future__ import annotations

import http.client
import http.server
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import socket_proxy


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with the headers that arrived."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = "".join(f"{k}: {v}\n" for k, v in self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    if socket_proxy.nginx() is None or not shutil.which("openssl"):
        pytest.skip("nginx or openssl is not on this machine")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(tmp_path / "privkey.pem"), "-out", str(tmp_path / "fullchain.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subprocess.run([*command, *subject, *files], check=True, capture_output=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = socket_proxy.free_port()
    places = {
        "/certificates/": f"{tmp_path}/",
        "listen 8443": f"listen 127.0.0.1:{port}",
        "127.0.0.1:8081": f"127.0.0.1:{socket_proxy.free_port()}",
        "http://api-server:8080": f"http://127.0.0.1:{server.server_port}",
    }
    with socket_proxy.serving(socket_proxy.configured("tls.conf", tmp_path, places), port):
        yield port
    server.shutdown()
    server.server_close()


def context(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "fullchain.pem"))


def get(port: int, folder: Path, path: str, **headers: str) -> tuple[int, Any, str]:
    connection = http.client.HTTPSConnection("localhost", port, context=context(folder), timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def test_the_api_server_learns_who_asked_and_how(port: int, tmp_path: Path) -> None:
    forged = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http"}
    status, headers, seen = get(port, tmp_path, "/api/v2/dags", **forged)
    assert status == 200
    assert "X-Forwarded-Proto: https" in seen
    assert "X-Forwarded-For: 127.0.0.1" in seen
    assert "6.6.6.6" not in seen
    assert f"Host: localhost:{port}" in seen
    assert "max-age" in headers["Strict-Transport-Security"]


def test_the_tasks_own_interface_is_not_open_to_the_world(port: int, tmp_path: Path) -> None:
    assert get(port, tmp_path, "/execution/health")[0] == 404
    assert get(port, tmp_path, "/%65xecution/health")[0] == 404
    assert get(port, tmp_path, "//execution/health")[0] == 404


def test_plain_http_is_refused(port: int) -> None:
    plain = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    plain.request("GET", "/")
    assert plain.getresponse().status == 400
    plain.close()


def test_tokens_in_a_query_stay_out_of_the_log(port: int, tmp_path: Path) -> None:
    get(port, tmp_path, "/login?token=a-secret-token")
    assert "a-secret-token" not in (tmp_path / "access.log").read_text()
