"""Queries about corrected records: of each source, the latest entry is in force."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.database import Database
from millrace.catalog.records import Correction
from millrace.catalog.rows import CorrectionRow
from millrace.errors import TransientError


class Corrections:
    """The corrections of all workflows. An entry with no rows withdraws those before it."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def record(
        self,
        workflow: str,
        source: str,
        ref: ArtifactRef,
        rows: int,
        actor: str,
        after: int | None = None,
    ) -> Correction:
        """Put corrections of a source in force, from the next run on.

        Args:
            ref: artifact of kind ``corrections`` with all that hold, earlier ones too.
            rows: corrected records; 0 withdraws all.
            actor: who decided it.
            after: id of the source's latest entry, which `ref` contains; None where it has none.

        Raises:
            TransientError: somebody else recorded corrections of the source meanwhile.
        """
        newest = select(func.max(CorrectionRow.id)).where(
            CorrectionRow.workflow == workflow, CorrectionRow.source == source
        )

        def work(session: Session) -> Correction:
            if session.scalar(newest) != after:
                raise TransientError(
                    "somebody else corrected records of this source meanwhile",
                    where=f"{workflow}, source {source}",
                    remedy="Repeat the command, so that their corrections are kept.",
                )
            row = CorrectionRow(
                workflow=workflow,
                source=source,
                ref=ref.to_document(),
                rows=rows,
                actor=actor,
                recorded_at=self._clock(),
            )
            session.add(row)
            session.flush()
            session.refresh(row)
            return row.record()

        return self._database.write(work)

    def in_force(self, workflow: str) -> list[Correction]:
        """Return the corrections that the workflow's next run uses, one a source, by source."""
        return [one for one in self.latest(workflow) if one.rows]

    def latest(self, workflow: str) -> list[Correction]:
        """Return the latest entry of each source, a withdrawal too, by source."""
        latest = (
            select(func.max(CorrectionRow.id))
            .where(CorrectionRow.workflow == workflow)
            .group_by(CorrectionRow.source)
        )
        query = (
            select(CorrectionRow).where(CorrectionRow.id.in_(latest)).order_by(CorrectionRow.source)
        )
        return self._database.read(lambda session: [r.record() for r in session.scalars(query)])

    def history(self, workflow: str) -> list[Correction]:
        """Return all entries of a workflow, newest first."""
        query = select(CorrectionRow).where(CorrectionRow.workflow == workflow)
        query = query.order_by(CorrectionRow.id.desc())
        return self._database.read(lambda session: [r.record() for r in session.scalars(query)])
