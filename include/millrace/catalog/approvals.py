"""Queries about what people are asked before promotions. The first answer to a question stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from millrace.catalog.database import Database
from millrace.catalog.records import ApprovalRequest
from millrace.catalog.rows import ApprovalRow
from millrace.errors import SpecError


class Approvals:
    """The questions of all runs, each about one version."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def ask(
        self, workflow: str, run: int, version: int, champion: int | None, taken: Mapping[str, Any]
    ) -> ApprovalRequest:
        """Record a question; asked again, it is the same one, with what was judged this time.

        Args:
            run: that wants to make `version` champion. champion: that it was compared with.
            taken: references of what was judged.
        """

        def work(session: Session) -> ApprovalRequest:
            row = _find(session, run, version)
            if row is None:
                row = ApprovalRow(
                    workflow=workflow, run_id=run, version=version, asked_at=self._clock()
                )
                session.add(row)
            if row.approved is None:
                row.champion, row.taken = champion, dict(taken)
            session.flush()
            session.refresh(row)
            return row.record()

        return self._database.write(work)

    def answer(
        self,
        run: int,
        version: int,
        *,
        approved: bool,
        approver: str,
        note: str | None = None,
        at: datetime | None = None,
    ) -> ApprovalRequest:
        """Record an answer, and return the question with the answer that stands: the first one.

        Args:
            approver: who answers. note: why. at: when; now by default.

        Raises:
            SpecError: nobody asked.
        """

        def work(session: Session) -> ApprovalRequest:
            row = _find(session, run, version)
            if row is None:
                raise SpecError("nobody asked about this version", received=version)
            if row.approved is None:
                row.approved, row.approver, row.note = approved, approver, note
                row.answered_at = at or self._clock()
            session.flush()
            session.refresh(row)
            return row.record()

        return self._database.write(work)

    def find(self, run: int, version: int) -> ApprovalRequest | None:
        """Return what a run asked about a version, or None."""

        def work(session: Session) -> ApprovalRequest | None:
            row = _find(session, run, version)
            return None if row is None else row.record()

        return self._database.read(work)

    def of_run(self, run: int) -> list[ApprovalRequest]:
        """Return what a run asked, oldest first."""
        query = select(ApprovalRow).where(ApprovalRow.run_id == run).order_by(ApprovalRow.id)
        return self._database.read(lambda session: [r.record() for r in session.scalars(query)])

    def waiting(self) -> list[ApprovalRequest]:
        """Return what nobody has answered, oldest first."""
        query = select(ApprovalRow).where(ApprovalRow.approved.is_(None)).order_by(ApprovalRow.id)
        return self._database.read(lambda session: [r.record() for r in session.scalars(query)])


def _find(session: Session, run: int, version: int) -> ApprovalRow | None:
    return session.scalar(
        select(ApprovalRow).where(ApprovalRow.run_id == run, ApprovalRow.version == version)
    )
