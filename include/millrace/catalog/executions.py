"""Queries about stage executions: what ran on what, and lineage in both directions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.columns import trimmed
from millrace.catalog.database import Database
from millrace.catalog.records import ExecutionRecord, ExecutionState
from millrace.catalog.rows import ExecutionRow, InputRow, MetricRow, RunRow
from millrace.errors import SpecError

_ENDS = ("done", "cached", "failed")
_SUCCEEDED = ("done", "cached")


class Executions:
    """The stage executions of all runs."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def begin(
        self,
        run: int,
        stage: str,
        partition: str | None,
        key: str,
        key_parts: Mapping[str, Any],
        inputs: Sequence[Mapping[str, Any]],
        attempt: int,
        host: str,
    ) -> int:
        """Record that an execution begins, before it works; return its id.

        An execution of the same run, stage and partition that never ended becomes ``lost``.

        Args:
            run: id of the run.
            inputs: documents of `ArtifactRef`, each with its ``role``.
            attempt: 1 for the first.

        Raises:
            SpecError: there is no such run.
        """

        def work(session: Session) -> int:
            owner = session.get(RunRow, run)
            if owner is None:
                raise SpecError("the catalog has no such run", where=stage, received=run)
            self._lose(session, run, stage, partition)
            row = ExecutionRow(
                run_id=run,
                workflow=owner.workflow,
                stage=stage,
                partition=partition,
                key=key,
                key_parts=dict(key_parts),
                attempt=attempt,
                host=host,
                state="running",
                began_at=self._clock(),
                inputs=[_input(document) for document in inputs],
            )
            session.add(row)
            session.flush()
            return row.id

        return self._database.write(work)

    def finish(
        self,
        execution: int,
        state: ExecutionState,
        *,
        reason: str | None = None,
        output: ArtifactRef | None = None,
        counts: Mapping[str, int] | None = None,
        metrics: Mapping[str, float] | None = None,
        seconds: float | None = None,
        peak_memory_bytes: int | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """Record how an execution ended; the latest call counts, so a repeated one is fine.

        Args:
            state: ``done``, ``cached`` or ``failed``.
            reason: why it came from the cache, or why it could not.
            error: as `MillraceError.to_document` gives it; long strings are cut.

        Raises:
            SpecError: there is no such execution, or no such end.
        """
        if state not in _ENDS:
            raise SpecError("not an end of a stage", expected=", ".join(_ENDS), received=state)
        values = {
            "state": state,
            "reason": reason,
            "output": None if output is None else output.to_document(),
            "output_digest": None if output is None else output.digest,
            "counts": None if counts is None else dict(counts),
            "seconds": seconds,
            "peak_memory_bytes": peak_memory_bytes,
            "error": trimmed(error),
            "ended_at": self._clock(),
        }

        def work(session: Session) -> None:
            known = session.scalar(select(ExecutionRow.id).where(ExecutionRow.id == execution))
            if known is None:
                raise SpecError("the catalog has no such execution", received=execution)
            session.execute(
                update(ExecutionRow).where(ExecutionRow.id == execution).values(**values)
            )
            session.execute(delete(MetricRow).where(MetricRow.execution_id == execution))
            session.add_all(_metric(execution, *item) for item in (metrics or {}).items())

        self._database.write(work)

    def get(self, execution: int) -> ExecutionRecord:
        """Return the execution of that id; raise `SpecError` where there is none."""
        found = self._all(select(ExecutionRow).where(ExecutionRow.id == execution))
        if not found:
            raise SpecError("the catalog has no such execution", received=execution)
        return found[0]

    def previous(self, run: int, stage: str, partition: str | None) -> ExecutionRecord | None:
        """Return the last execution with a result of the same DAG, to explain a cache miss."""
        dag = select(RunRow.dag_id).where(RunRow.id == run).scalar_subquery()
        query = (
            select(ExecutionRow)
            .join(RunRow, RunRow.id == ExecutionRow.run_id)
            .where(
                RunRow.dag_id == dag,
                ExecutionRow.stage == stage,
                ExecutionRow.partition == partition,
                ExecutionRow.state.in_(_SUCCEEDED),
            )
            .order_by(ExecutionRow.id.desc())
            .limit(1)
        )
        found = self._all(query)
        return found[0] if found else None

    def of_run(self, run: int) -> list[ExecutionRecord]:
        """Return all executions of a run, in the order they began."""
        return self._all(
            select(ExecutionRow).where(ExecutionRow.run_id == run).order_by(ExecutionRow.id)
        )

    def running(self, workflow: str | None = None) -> list[ExecutionRecord]:
        """Return the unfinished executions of unfinished runs, in the order they began."""
        query = (
            select(ExecutionRow)
            .join(RunRow, RunRow.id == ExecutionRow.run_id)
            .where(ExecutionRow.state == "running", RunRow.state == "running")
            .order_by(ExecutionRow.id)
        )
        if workflow is not None:
            query = query.where(ExecutionRow.workflow == workflow)
        return self._all(query)

    def producing(self, digest: str, limit: int = 100) -> list[ExecutionRecord]:
        """Return the executions whose result is the artifact of `digest`, oldest first."""
        return self._all(
            select(ExecutionRow)
            .where(ExecutionRow.output_digest == digest)
            .order_by(ExecutionRow.id)
            .limit(limit)
        )

    def consuming(self, digest: str, limit: int = 100) -> list[ExecutionRecord]:
        """Return the executions that read the artifact of `digest`, oldest first."""
        readers = select(InputRow.execution_id).where(InputRow.digest == digest)
        return self._all(
            select(ExecutionRow)
            .where(ExecutionRow.id.in_(readers))
            .order_by(ExecutionRow.id)
            .limit(limit)
        )

    def _all(self, query: Select[ExecutionRow]) -> list[ExecutionRecord]:
        return self._database.read(lambda session: [r.record() for r in session.scalars(query)])

    def _lose(self, session: Session, run: int, stage: str, partition: str | None) -> None:
        session.execute(
            update(ExecutionRow)
            .where(
                ExecutionRow.run_id == run,
                ExecutionRow.stage == stage,
                ExecutionRow.partition == partition,
                ExecutionRow.state == "running",
            )
            .values(state="lost", reason="begun again before it ended", ended_at=self._clock())
        )


def _input(document: Mapping[str, Any]) -> InputRow:
    ref = ArtifactRef.from_document(document)
    return InputRow(role=document["role"], digest=ref.digest, key=ref.key, ref=ref.to_document())


def _metric(execution: int, name: str, value: float) -> MetricRow:
    figure = None if math.isnan(value) else float(value)
    return MetricRow(execution_id=execution, name=name, value=figure)
