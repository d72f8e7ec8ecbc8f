"""`Catalog`: the history of an installation, in a SQL database. References, never bytes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from types import TracebackType

from millrace.catalog import revision
from millrace.catalog.approvals import Approvals
from millrace.catalog.batches import Batches
from millrace.catalog.corrections import Corrections
from millrace.catalog.database import Database
from millrace.catalog.executions import Executions
from millrace.catalog.forgotten import ForgottenPeople
from millrace.catalog.job_locks import JobLocks
from millrace.catalog.live import LiveReferences
from millrace.catalog.models import Models
from millrace.catalog.runs import Runs


def utc_now() -> datetime:
    """Return the time, aware and in UTC."""
    return datetime.now(UTC)


class Catalog:
    """The catalog at a SQLAlchemy URL; it connects, and checks its revision, when first used.

    Not to be carried across a fork: open a new one in the child.

    Args:
        url: e.g. ``sqlite:////folder/catalog.db`` or ``postgresql+psycopg2://user@host/name``.
        clock: the time that records carry; nothing is ordered by it.

    Raises:
        SpecError: from any use, where the database has no tables yet or those of another revision.
        TransientError: from any use, where the database is down or locked.
    """

    def __init__(self, url: str, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = Database(url)
        self._clock = clock

    def migrate(self) -> None:
        """Make or update the tables; safe to repeat, and for two processes at once."""
        revision.migrate(self._database)

    def check(self) -> None:
        """Raise `SpecError` unless the tables have this Millrace's revision."""
        revision.check(self._database)

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def __enter__(self) -> Catalog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @cached_property
    def runs(self) -> Runs:
        """Runs."""
        return Runs(self._checked, self._clock)

    @cached_property
    def executions(self) -> Executions:
        """Stage executions, with their inputs and metrics."""
        return Executions(self._checked, self._clock)

    @cached_property
    def models(self) -> Models:
        """Model versions and promotions."""
        return Models(self._checked, self._clock)

    @cached_property
    def approvals(self) -> Approvals:
        """What people were asked, and answered, before promotions."""
        return Approvals(self._checked, self._clock)

    @cached_property
    def batches(self) -> Batches:
        """Prediction batches."""
        return Batches(self._checked, self._clock)

    @cached_property
    def forgotten(self) -> ForgottenPeople:
        """Whose records were removed, and are left out."""
        return ForgottenPeople(self._checked, self._clock)

    @cached_property
    def corrections(self) -> Corrections:
        """Corrected records of sources."""
        return Corrections(self._checked, self._clock)

    @cached_property
    def live(self) -> LiveReferences:
        """What of the store the history still needs."""
        return LiveReferences(self._checked)

    @cached_property
    def locks(self) -> JobLocks:
        """Who of several hosts makes a key."""
        return JobLocks(self._database)

    @cached_property
    def _checked(self) -> Database:
        """The database, once its revision was seen to be right."""
        self.check()
        return self._database
