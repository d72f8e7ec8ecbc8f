"""A temporary Redis for tests, with a password, on a free port of the loopback; kept in memory."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from certificates import Certificates

MISSING = "Redis's server binary (redis-server) is not on this machine"

_SETTINGS = """\
bind 127.0.0.1
requirepass {password}
dir {folder}
logfile {folder}/log
save ""
appendonly no
"""
_PLAIN = "port {port}\n"
_TLS = """\
port 0
tls-port {port}
tls-cert-file {made.server}
tls-key-file {made.key}
tls-ca-cert-file {made.authority}
tls-auth-clients {known}
"""


def available() -> bool:
    """Whether a server can be started here."""
    return shutil.which("redis-server") is not None


class RedisServer:
    """A running server; `stop` removes it.

    Args:
        made: certificates, for a server that speaks TLS only. known: whether clients need one, too.
    """

    def __init__(self, made: Certificates | None = None, *, known: bool = False) -> None:
        self._made, self._known = made, known
        self._folder = Path(tempfile.mkdtemp(prefix="millrace-redis-"))
        self.password = secrets.token_urlsafe(24)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.start()

    @property
    def url(self) -> str:
        """The address for a broker, database 0."""
        scheme = "redis" if self._made is None else "rediss"
        return f"{scheme}://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        settings = _SETTINGS.format(password=self.password, folder=self._folder)
        if self._made is None:
            settings += _PLAIN.format(port=self.port)
        else:
            known = "yes" if self._known else "no"
            settings += _TLS.format(port=self.port, made=self._made, known=known)
        self._process = subprocess.Popen(
            ["redis-server", "-"],  # so that no process list shows the password
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(settings)
        self._process.stdin.close()
        self._wait()

    def halt(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        try:
            self.halt()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _wait(self, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while self._process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.halt()
        log = self._folder / "log"
        raise RuntimeError(f"redis-server failed: {log.read_text() if log.exists() else 'no log'}")
