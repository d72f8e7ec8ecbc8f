"""Queries about prediction batches: which model scored which artifact, and where it went."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.database import Database
from millrace.catalog.records import PredictionBatch
from millrace.catalog.rows import BatchRow


class Batches:
    """The prediction batches of all workflows."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def record(
        self,
        workflow: str,
        run: int | None,
        key: str,
        source_digest: str,
        model_version: int,
        rows: int,
        table: str | None,
        predictions: ArtifactRef,
    ) -> PredictionBatch:
        """Record a batch once by (workflow, key, model version); later calls return the first.

        Args:
            key: of the predictions.
            source_digest: digest of the artifact that was scored.
            rows: records scored.
            table: SQL table that holds them too, or None.

        Raises:
            SpecError: the workflow has no such model version, or there is no such run.
        """

        def work(session: Session) -> PredictionBatch:
            row = session.scalar(
                select(BatchRow).where(
                    BatchRow.workflow == workflow,
                    BatchRow.key == key,
                    BatchRow.model_version == model_version,
                )
            )
            if row is None:
                row = BatchRow(
                    workflow=workflow,
                    run_id=run,
                    key=key,
                    source_digest=source_digest,
                    model_version=model_version,
                    rows=rows,
                    table=table,
                    predictions=predictions.to_document(),
                    predictions_digest=predictions.digest,
                    recorded_at=self._clock(),
                )
                session.add(row)
                session.flush()
                session.refresh(row)
            return row.record()

        return self._database.write(work)

    def of_run(self, run: int) -> list[PredictionBatch]:
        """Return the batches that a run was the first to make, oldest first."""
        return self._all(select(BatchRow).where(BatchRow.run_id == run).order_by(BatchRow.id))

    def of_version(self, workflow: str, version: int) -> list[PredictionBatch]:
        """Return the batches that a model version scored, oldest first."""
        query = select(BatchRow).where(
            BatchRow.workflow == workflow, BatchRow.model_version == version
        )
        return self._all(query.order_by(BatchRow.id))

    def latest(self, workflow: str | None = None, limit: int = 20) -> list[PredictionBatch]:
        """Return at most `limit` batches, newest first."""
        query = select(BatchRow).order_by(BatchRow.id.desc()).limit(limit)
        if workflow is not None:
            query = query.where(BatchRow.workflow == workflow)
        return self._all(query)

    def containing(self, digest: str) -> list[PredictionBatch]:
        """Return the batches that scored the artifact of `digest`, or are it; oldest first."""
        either = or_(BatchRow.source_digest == digest, BatchRow.predictions_digest == digest)
        return self._all(select(BatchRow).where(either).order_by(BatchRow.id))

    def _all(self, query: Select[BatchRow]) -> list[PredictionBatch]:
        return self._database.read(lambda session: [r.record() for r in session.scalars(query)])
