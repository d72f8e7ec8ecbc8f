"""`Metadata`: the database of Airflow itself, a file of the installation or a PostgreSQL server.

Named by a variable of its own: a shell may hold Airflow's own one for another Airflow, and the
embedded one would migrate that one's database.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from millrace.errors import SpecError, TransientError

VARIABLE = "MILLRACE_AIRFLOW_DATABASE"
_CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Metadata:
    """Where Airflow keeps its own state.

    Attributes:
        url: SQLAlchemy URL, with the driver.
        file: the SQLite file, or None for a server.
    """

    url: str
    file: Path | None

    @classmethod
    def at(cls, url: str | None, airflow_home: Path) -> Metadata:
        """Return the database of that URL, by default a file in `airflow_home`.

        Raises:
            SpecError: it is neither SQLite's default nor PostgreSQL.
        """
        if not url:
            file = airflow_home / "airflow.db"
            return cls(f"sqlite:///{file}", file)
        scheme, mark, rest = url.partition("://")
        if not mark or scheme.partition("+")[0] not in ("postgres", "postgresql"):
            raise SpecError(
                "not a database that the embedded Airflow can use",
                where=VARIABLE,
                expected="postgresql://<user>:<password>@<host>/<database>, or nothing for SQLite",
                received=scheme,
            )
        return cls(f"postgresql+psycopg2://{rest}", None)

    @property
    def connect_args(self) -> str:
        """The module with the arguments of its drivers."""
        kind = "sqlite" if self.file else "postgres"
        return f"millrace.orchestration.embedded.{kind}"

    @property
    def async_url(self) -> str:
        """The URL for Airflow's asynchronous engine; empty, so without one, where no driver is.

        Only a waiting endpoint of Airflow's API uses it, which Millrace does not call.
        """
        if self.file:
            return self.url.replace("sqlite:", "sqlite+aiosqlite:", 1)
        if find_spec("asyncpg") is None:
            return ""
        return self.url.replace("+psycopg2", "+asyncpg", 1)

    def state(self) -> str:
        """Return what changes when it becomes another database or gets another version.

        Raises:
            TransientError: the server cannot be reached, or lacks the database.
            SpecError: its driver is not installed.
        """
        if self.file:
            return str(self.file.stat().st_ino if self.file.exists() else 0)
        return f"{sha256(self.url.encode()).hexdigest()[:16]} {self._revision()}"

    def _revision(self) -> str:
        from sqlalchemy import NullPool, create_engine, inspect, text
        from sqlalchemy.exc import SQLAlchemyError

        timeout = {"connect_timeout": _CONNECT_SECONDS}
        try:
            engine = create_engine(self.url, poolclass=NullPool, connect_args=timeout)
            with engine.connect() as connection:
                if not inspect(connection).has_table("alembic_version"):
                    return "empty"
                return str(connection.scalar(text("SELECT version_num FROM alembic_version")))
        except ImportError as error:
            raise SpecError(
                "no driver for Airflow's database",
                where=VARIABLE,
                remedy="Install the extra: `pip install millrace[postgres]`.",
            ) from error
        except (SQLAlchemyError, ValueError) as error:
            raise TransientError(
                "Airflow's database cannot be reached",
                where=VARIABLE,
                received=str(getattr(error, "orig", None) or type(error).__name__).strip(),
                remedy="Start the server, and make the database and its user there, or correct "
                "the URL; special characters of a password are written %40, %2F, %24.",
            ) from error
