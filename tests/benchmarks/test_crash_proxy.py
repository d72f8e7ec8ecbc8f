"""The proxy of the crash matrix passes on, cuts, and passes on again."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Thread

import httpx
import pytest
from crash.proxy import Proxy

from s3_server import S3Server


@pytest.fixture
def server() -> Iterator[S3Server]:
    running = S3Server()
    yield running
    running.close()


def fails(url: str) -> bool:
    try:
        httpx.get(url, trust_env=False)
    except httpx.TransportError:
        return True
    return False


def ended(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.s3
def test_a_cut_refuses_and_then_lets_through_again(server: S3Server) -> None:
    proxy = Proxy(int(server.url.rpartition(":")[2]))
    try:
        assert httpx.get(proxy.url, trust_env=False).status_code == 403
        cut = Thread(target=proxy.cut, args=(1.0,))
        cut.start()
        failed = False
        while cut.is_alive():
            failed |= fails(proxy.url)
        assert failed
        assert httpx.get(proxy.url, trust_env=False).status_code == 403
    finally:
        proxy.close()


def test_a_cut_ends_a_connection_that_is_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proxy = Proxy(silent.getsockname()[1])
        port = int(proxy.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            server, _ = silent.accept()
            with server:
                proxy.cut(0.1)
                assert ended(client)
        proxy.close()
