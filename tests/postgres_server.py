"""A temporary PostgreSQL cluster for tests: one a session, a fresh database a test.

It listens on a socket in its own folder only, and goes away with it. PostgreSQL refuses root, so
root hands the cluster to another user.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path

MISSING = "PostgreSQL's server binaries (initdb, pg_ctl) or psycopg2 are not on this machine"

_LISTEN = "-c listen_addresses=127.0.0.1 -p {port}"
_TLS = "-c ssl=on -c ssl_cert_file={cert} -c ssl_key_file={key}"
_OPTIONS = "-c listen_addresses='' -c fsync=off -c max_connections=60 -k {folder}"


def available() -> bool:
    """Whether a cluster can be started here."""
    try:
        import psycopg2  # noqa: F401
    except ImportError:
        return False
    return all(_binary(name) for name in ("initdb", "pg_ctl"))


class PostgresServer:
    """A running cluster; `stop` removes it.

    Args:
        tls: files of its certificate and key; with them it also listens at 127.0.0.1:`port`.
    """

    def __init__(self, tls: tuple[Path, Path] | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="millrace-postgres-"))
        self._tls = tls
        self.port = _free_port() if tls else 5432
        self._data = self._folder / "data"
        if os.geteuid() == 0:
            shutil.chown(self._folder, _user())
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        self.start()

    def start(self) -> None:
        options = _OPTIONS.format(folder=self._folder)
        if self._tls:
            cert, key = (self._owned(path) for path in self._tls)
            options += " " + _LISTEN.format(port=self.port)
            options += " " + _TLS.format(cert=cert, key=key)
        log = self._folder / "log"
        self._run("pg_ctl", "-D", self._data, "-l", log, "-o", options, "-t", "60", "-w", "start")

    def _owned(self, path: Path) -> Path:
        """Copy a file to where the server's user may read it, and nobody else."""
        copy = self._folder / path.name
        shutil.copyfile(path, copy)
        copy.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(copy, _user())
        return copy

    def halt(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def stop(self) -> None:
        try:
            self.halt()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def create(self) -> str:
        """Make an empty database and return its SQLAlchemy URL."""
        name = f"test_{uuid.uuid4().hex}"
        self._execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg2://postgres@/{name}?host={self._folder}"

    def drop(self, url: str) -> None:
        """Remove a database of `create`, whoever is still connected."""
        name = url.split("/")[3].split("?")[0]
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        import psycopg2

        connection = psycopg2.connect(
            host=str(self._folder), port=self.port, user="postgres", dbname="postgres"
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()

    def _run(self, name: str, *arguments: object) -> None:
        command = [_binary(name) or name, *map(str, arguments)]
        if os.geteuid() == 0:
            command = ["runuser", "-u", _user(), "--", *command]
        done = subprocess.run(
            command,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a pipe would be held open by the server
            stderr=subprocess.PIPE if name == "initdb" else subprocess.DEVNULL,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(
                f"{name} failed: {done.stderr or (self._folder / 'log').read_text()}"
            )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _binary(name: str) -> str | None:
    found = shutil.which(name)
    if found:
        return found
    packaged = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))  # Debian: not on the PATH
    return str(packaged[-1]) if packaged else None
