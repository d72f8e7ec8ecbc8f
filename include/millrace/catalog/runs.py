"""Queries about runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from millrace.catalog.columns import storable, trimmed
from millrace.catalog.database import Database
from millrace.catalog.records import RunRecord, RunState
from millrace.catalog.rows import RunRow
from millrace.errors import SpecError, shorten

_ENDS = ("done", "failed")
_REASON = 200  # characters; the column holds 250


class Runs:
    """The runs of all workflows."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def start(
        self,
        run_id: str,
        workflow: str,
        dag_id: str,
        spec: Mapping[str, Any],
        spec_digest: str,
        params: Mapping[str, Any],
        trigger: str,
        version: str,
        corrections: Mapping[str, Any] | None = None,
    ) -> RunRecord:
        """Record that a run started, or that it was cleared and runs again.

        A repeated start keeps the id and the first `started_at`; the spec, the parameters, the
        version and the corrections become those of the latest start.

        Args:
            run_id: Airflow's; unique within `dag_id` only.
            trigger: what started it.
            version: of Millrace.
            corrections: references of corrected records, by source.
        """
        latest = {
            "workflow": workflow,
            "spec": dict(spec),
            "spec_digest": spec_digest,
            "params": dict(params),
            "trigger": trigger,
            "version": version,
            "state": "running",
            "error": None,
            "finished_at": None,
            "corrections": dict(corrections) if corrections else None,
        }

        def work(session: Session) -> RunRecord:
            row = session.scalar(_identity(dag_id, run_id))
            if row is None:
                row = RunRow(dag_id=dag_id, run_id=run_id, started_at=self._clock())
                session.add(row)
            for name, value in latest.items():
                setattr(row, name, value)
            session.flush()
            session.refresh(row)
            return row.record()

        return self._database.write(work)

    def finish(
        self, run: int, state: RunState, error: Mapping[str, Any] | None = None
    ) -> RunRecord:
        """Record how a run ended: ``done`` or ``failed``; the latest call counts.

        Raises:
            SpecError: there is no such run, or no such end.
        """
        if state not in _ENDS:
            raise SpecError("not an end of a run", expected=" or ".join(_ENDS), received=state)

        def work(session: Session) -> RunRecord:
            row = session.get(RunRow, run)
            if row is None:
                raise _unknown(run)
            row.state, row.error, row.finished_at = state, trimmed(error), self._clock()
            session.flush()
            session.refresh(row)
            return row.record()

        return self._database.write(work)

    def reopen(self, run: int) -> None:
        """Record that an ended run goes on: a task of it was cleared."""

        def work(session: Session) -> None:
            row = session.get(RunRow, run)
            if row is None:
                raise _unknown(run)
            row.state, row.error, row.finished_at = "running", None, None

        self._database.write(work)

    def keep(self, run: int, reason: str | None) -> RunRecord:
        """Spare a run from garbage collection, for a reason; None gives it free again.

        Raises:
            SpecError: there is no such run, or the reason is empty.
        """
        if reason is not None and not reason.strip():
            raise SpecError("a run is kept for a reason", where=f"run {run}", received=reason)

        def work(session: Session) -> RunRecord:
            row = session.get(RunRow, run)
            if row is None:
                raise _unknown(run)
            row.kept = None if reason is None else shorten(storable(reason.strip()), _REASON)
            session.flush()
            session.refresh(row)
            return row.record()

        return self._database.write(work)

    def kept(self) -> list[RunRecord]:
        """Return the runs that are kept, newest first."""
        query = select(RunRow).where(RunRow.kept.is_not(None)).order_by(RunRow.id.desc())
        return self._database.read(lambda session: [r.record() for r in session.scalars(query)])

    def get(self, run: int) -> RunRecord:
        """Return the run of that id; raise `SpecError` where there is none."""
        row = self._database.read(lambda session: session.get(RunRow, run))
        if row is None:
            raise _unknown(run)
        return row.record()

    def find(self, dag_id: str, run_id: str) -> RunRecord | None:
        """Return the run that Airflow calls so, or None."""
        row = self._database.read(lambda session: session.scalar(_identity(dag_id, run_id)))
        return None if row is None else row.record()

    def latest(self, workflow: str | None = None, limit: int = 20) -> list[RunRecord]:
        """Return at most `limit` runs, newest first."""
        query = select(RunRow).order_by(RunRow.id.desc()).limit(limit)
        if workflow is not None:
            query = query.where(RunRow.workflow == workflow)
        return self._database.read(lambda session: [r.record() for r in session.scalars(query)])

    def workflows(self) -> list[str]:
        """Return the names of the workflows that have runs, sorted."""
        query = select(RunRow.workflow).distinct().order_by(RunRow.workflow)
        return self._database.read(lambda session: list(session.scalars(query)))


def _identity(dag_id: str, run_id: str) -> Select[RunRow]:
    return select(RunRow).where(RunRow.dag_id == dag_id, RunRow.run_id == run_id)


def _unknown(run: int) -> SpecError:
    return SpecError("the catalog has no such run", where="run", received=run)
