"""What of the store the history still needs: the live references. It never names a file.

Live is what a running run, a kept run, a run or a model version within retention, or a correction
in force can reach, inputs and their inputs included. Whoever deletes asks again inside `still`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from millrace.catalog.database import BUSY_TIMEOUT, Database
from millrace.catalog.live_lineage import Named, Reached, reach
from millrace.catalog.live_runs import Keep, LiveRun, live_runs, live_versions
from millrace.catalog.rows import (
    BatchRow,
    CorrectionRow,
    ExecutionRow,
    ModelVersionRow,
    PromotionRow,
    RunRow,
)
from millrace.errors import TransientError

_WRITTEN = "runs, stage_executions, execution_inputs, model_versions, promotions, corrections"
_COLLECTORS = 5_213_004_178  # any constant; collectors that share a PostgreSQL catalog share it

Stamp = tuple[object, ...]
"""Changes whenever something begins, ends, is decided, kept or corrected."""


@dataclass(frozen=True)
class Result:
    """A recorded result: of which execution, its artifact's key and digest, and when."""

    execution: int
    key: str
    digest: str
    at: datetime | None


@dataclass(frozen=True)
class Position:
    """A moment of the history: the newest execution, the runs that go on, and their results."""

    newest: int
    runs: frozenset[int]
    results: frozenset[Result]


@dataclass(frozen=True)
class Live:
    """What must stay.

    Attributes:
        runs: the runs that keep something, newest first.
        versions: how many model versions are kept.
        keys: of all executions of those runs, finished or not, and of all artifacts they reach.
        artifacts: (key, digest) of those artifacts.
    """

    runs: tuple[LiveRun, ...]
    versions: int
    keys: frozenset[str]
    artifacts: frozenset[Named]


class LiveReferences:
    """The live references of all workflows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def mark(self, keep: Keep) -> Live:
        """Return what is live now."""

        def work(session: Session) -> Live:
            versions = live_versions(session, keep)
            behind = {run for one in versions for run in one.runs}
            runs = live_runs(session, keep, behind)
            found = Reached()
            reach(session, [run.id for run in runs], [one.bundle for one in versions], found)
            return Live(
                tuple(runs), len(versions), frozenset(found.keys), frozenset(found.artifacts)
            )

        return self._database.read(work)

    def workflows(self) -> dict[str, str]:
        """Return the workflow of every key that the catalog ever heard of."""

        def work(session: Session) -> dict[str, str]:
            output = ExecutionRow.output["key"].as_string()
            made = select(output, ExecutionRow.workflow)
            queries = (
                select(CorrectionRow.ref["key"].as_string(), CorrectionRow.workflow),
                select(ModelVersionRow.bundle["key"].as_string(), ModelVersionRow.workflow),
                select(BatchRow.predictions["key"].as_string(), BatchRow.workflow),
                made.where(ExecutionRow.output_digest.is_not(None)).distinct(),
                select(ExecutionRow.key, ExecutionRow.workflow).distinct(),
            )
            return {key: name for query in queries for key, name in session.execute(query)}

        return self._database.read(work)

    def stamp(self) -> Stamp:
        """Return a value that differs once anything that `mark` looks at has changed."""

        def work(session: Session) -> Stamp:
            tables = (ExecutionRow, ModelVersionRow, PromotionRow, CorrectionRow, BatchRow)
            newest = [session.scalar(select(func.max(table.id))) for table in tables]
            runs = session.execute(select(RunRow.id, RunRow.state, RunRow.kept).order_by(RunRow.id))
            return (*newest, *map(tuple, runs), *_going_on(session))

        return self._database.read(work)

    def position(self) -> Position:
        """Return where the history is now; inside `still`, so that no writer is half done."""

        def work(session: Session) -> Position:
            newest = session.scalar(select(func.max(ExecutionRow.id))) or 0
            runs = set(session.scalars(select(RunRow.id).where(RunRow.state == "running")))
            busy = select(ExecutionRow.run_id).where(ExecutionRow.state == "running")
            runs |= set(session.scalars(busy.distinct()))
            return Position(newest, frozenset(runs), _results(session, newest, runs))

        return self._database.read(work)

    def results_since(self, position: Position) -> frozenset[Result]:
        """Return the results that were recorded since, once more those recorded again."""

        def work(session: Session) -> frozenset[Result]:
            return _results(session, position.newest, position.runs) - position.results

        return self._database.read(work)

    @contextmanager
    def still(self) -> Iterator[None]:
        """While the block runs, nothing begins, ends or is decided: writers wait, readers do not.

        Keep it under a second or two: every task of every run waits.
        """
        with self._database.connection(write=True) as connection:
            if connection.dialect.name == "postgresql":  # whoever waits for it holds up all others
                connection.execute(text(f"SET LOCAL lock_timeout = '{BUSY_TIMEOUT:.0f}s'"))
                connection.execute(text(f"LOCK TABLE {_WRITTEN} IN SHARE MODE"))
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the right to collect on a shared catalog; raise `TransientError` where it is taken.

        On SQLite, whose catalog belongs to one host, a lock of that host is enough.
        """
        if self._database.file is not None:
            yield
            return
        engine = self._database.engine.execution_options(isolation_level="AUTOCOMMIT")
        with self._database.translated(), engine.connect() as connection:
            if not connection.scalar(text(f"SELECT pg_try_advisory_lock({_COLLECTORS})")):
                raise TransientError(
                    "another garbage collection is at work", where=self._database.where
                )
            try:
                yield
            finally:
                connection.execute(text(f"SELECT pg_advisory_unlock({_COLLECTORS})"))


def _going_on(session: Session) -> list[tuple[int, str, str | None]]:
    """Return the executions that may still change: id, state and digest of the result."""
    columns = select(ExecutionRow.id, ExecutionRow.state, ExecutionRow.output_digest)
    running = select(RunRow.id).where(RunRow.state == "running")
    found: set[tuple[int, str, str | None]] = set()
    for one in (ExecutionRow.run_id.in_(running), ExecutionRow.state == "running"):  # two indices
        found |= {(row[0], row[1], row[2]) for row in session.execute(columns.where(one))}
    return sorted(found, key=lambda row: row[0])


def _results(session: Session, after: int, runs: Collection[int]) -> frozenset[Result]:
    """Return the results of some runs, and of all executions after one."""
    columns = (ExecutionRow.id, ExecutionRow.output["key"].as_string(), ExecutionRow.output_digest)
    query = select(*columns, ExecutionRow.ended_at).where(ExecutionRow.output_digest.is_not(None))
    either = (ExecutionRow.id > after, ExecutionRow.run_id.in_(sorted(runs)))  # two indices
    rows = (row for one in either for row in session.execute(query.where(one)))
    return frozenset(Result(n, key, digest, at) for n, key, digest, at in rows if digest)
