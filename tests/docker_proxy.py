"""A way to the Docker daemon that a test can cut: a Unix socket that passes bytes on, or not."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path


class DockerProxy:
    """Listens at `path`; while `open` is False every connection is refused at once.

    While `says` is a status line, that is the answer to everything, as of a proxy whose daemon is
    away.
    """

    def __init__(self, path: Path, daemon: str = "/var/run/docker.sock") -> None:
        self.path = path
        self.open = True
        self.says = ""
        self._daemon = daemon
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._threads: list[threading.Thread] = []
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """End the connections there are; new ones are fine while `open`."""
        for pair in self._pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for pair in self._pairs:
            for end in pair:
                end.close()
        self._pairs.clear()
        self._threads.clear()

    def close(self) -> None:
        self.open = False
        self.cut()
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                here, _ = self._server.accept()
            except OSError:
                return
            if not self.open:
                here.close()
                continue
            if self.says:
                _answer(here, self.says)
                continue
            there = socket.socket(socket.AF_UNIX)
            there.connect(self._daemon)
            self._pairs.append((here, there))
            for ends in ((here, there), (there, here)):
                thread = threading.Thread(target=_pass, args=ends, daemon=True)
                thread.start()
                self._threads.append(thread)


def _answer(here: socket.socket, says: str) -> None:
    with here, suppress(OSError):
        here.recv(1 << 16)
        here.sendall(f"HTTP/1.1 {says}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())


def _pass(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
