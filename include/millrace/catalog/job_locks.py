"""`JobLocks`: of the hosts that share a catalog on PostgreSQL, one at a time makes a key.

A lock is an advisory lock of a session: the server releases it when the holder's connection ends,
however it ends; there is no time to live and no clock. It decides who works, never what is right:
a holder whose server restarts works on and takes its lock again when it can, and the store keeps
the first manifest. Needs sessions of its own: a pooler between must not share them (pgbouncer:
``pool_mode = session``). With any other database the lock files of a host are all there is; a
catalog on SQLite belongs to one host.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from types import TracebackType

from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from millrace.catalog.database import Database
from millrace.errors import MillraceError

_BEAT = 10.0  # seconds between looks at the session that holds a lock
_LEAVE = 2.0  # seconds that a release waits for a server that does not answer

_CLIENT = {  # how this side notices a server that vanished
    "application_name": "millrace job",
    "connect_timeout": 10,  # seconds
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
}
_SERVER = {  # how the server notices a host that vanished, in a minute; it ends no quiet session
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "idle_session_timeout": "0",
}
_CONFIGURE = text(  # a server that is too old for one of them has no such row
    "SELECT set_config(name, CAST(:values AS json) ->> name, false) FROM pg_settings "
    "WHERE name IN (SELECT json_object_keys(CAST(:values AS json)))"
)
_TRY = text("SELECT pg_try_advisory_lock(:number)")

log = logging.getLogger(__name__)


class JobLocks:
    """The locks of the jobs of all hosts that share a catalog, by key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def shared(self) -> bool:
        """Whether the catalog's server has locks that several hosts see: only PostgreSQL's does."""
        return self._database.url.get_backend_name() == "postgresql"

    def take(self, key: str) -> AbstractContextManager[object] | None:
        """Return the lock of a key, held until it is left; None where another holds it.

        Args:
            key: of a job, 64 hexadecimal digits.

        Raises:
            TransientError: the database cannot be reached.
        """
        if not self.shared:
            return nullcontext()
        session = self._open(key)
        return None if session is None else _Held(session, lambda: self._open(key))

    @cached_property
    def _engine(self) -> Engine:
        return create_engine(
            self._database.url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args=_CLIENT,
        )

    def _open(self, key: str) -> Connection | None:
        """Return a session that holds the lock of `key`; None where another session holds it."""
        with self._database.translated():
            session = self._engine.connect()
            try:
                session.execute(_CONFIGURE, {"values": json.dumps(_SERVER)})
                if session.scalar(_TRY, {"number": lock_number(key)}):
                    return session
            except BaseException:
                session.close()
                raise
            session.close()
            return None


def lock_number(key: str) -> int:
    """Return the number of a key's advisory lock: its first 8 bytes, signed, big end first."""
    return int.from_bytes(bytes.fromhex(key[:16]), "big", signed=True)


class _Held:
    """A lock that is held, with the thread that looks after its session."""

    def __init__(self, session: Connection, again: Callable[[], Connection | None]) -> None:
        self._session: Connection | None = session
        self._again = again
        self._left = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="millrace-job-lock", daemon=True)
        self._keeper.start()

    def __enter__(self) -> None:
        """The lock is held since it was taken."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._left.set()
        self._keeper.join(_LEAVE)

    def _keep(self) -> None:
        """Hold the session until the lock is left; take it again where the server ended it."""
        while not self._left.wait(_BEAT):
            if self._session is not None and _answers(self._session):
                continue
            self._close()
            try:
                self._session = self._again()
            except MillraceError as error:
                log.warning("A job works on without its lock: %s", error)
                continue
            if self._session is None:
                log.warning("Another host makes the same artifact by now; the first one stays")
                return
            log.info("The job's lock was lost with its connection and is held again")
        self._close()

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def _answers(session: Connection) -> bool:
    try:
        session.execute(text("SELECT 1"))
    except DBAPIError:
        session.invalidate()
        return False
    return True
