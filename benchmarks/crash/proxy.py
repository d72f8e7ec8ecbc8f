"""`Proxy`: a TCP proxy that can end every connection and refuse new ones for a while."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from threading import Event, Lock, Thread

_PIECE = 65_536  # bytes


class Proxy:
    """Listens on loopback and passes everything on to a port of loopback; `close` ends it.

    Args:
        port: of the server behind.
    """

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._open = Event()
        self._open.set()
        self._lock = Lock()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        Thread(target=self._accept, daemon=True).start()

    def cut(self, seconds: float) -> None:
        """End all connections, whatever is on its way, and refuse new ones for so long."""
        self._open.clear()
        try:
            self._reset()
            time.sleep(seconds)
        finally:
            self._open.set()

    def close(self) -> None:
        self._open.clear()
        self._listener.close()
        self._reset()

    def _reset(self) -> None:
        with self._lock:
            doomed, self._sockets = self._sockets, set()
        for one in doomed:
            _reset(one)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        if not self._open.is_set():
            _reset(client)
            return
        server = socket.create_connection(self._target)
        with self._lock:
            self._sockets |= {client, server}
        for source, sink in ((client, server), (server, client)):
            Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_PIECE):
                sink.sendall(data)
        with self._lock:
            self._sockets -= {source, sink}
        for one in (source, sink):
            _end(one)


def _end(one: socket.socket) -> None:
    """Close; the shutdown wakes whoever still reads."""
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


def _reset(one: socket.socket) -> None:
    """Close without waiting for what is on its way."""
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    _end(one)
