"""Queries about who was forgotten: collecting leaves their records out from then on.

A person is named by the pseudonym that the installation's key makes; never by an id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from millrace.catalog.database import Database
from millrace.catalog.records import Forgotten
from millrace.catalog.rows import ForgottenRow


class ForgottenPeople:
    """Who was forgotten, in one workflow or in all."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def record(
        self,
        pseudonym: str,
        workflow: str | None,
        counts: Mapping[str, int],
        models: Sequence[str],
        actor: str,
    ) -> Forgotten:
        """Record that somebody is forgotten; from now on no run collects their records.

        Args:
            workflow: None is all of them.
            counts: what goes, by what it is. models: versions that were trained on it.
            actor: who decided it.
        """

        def work(session: Session) -> Forgotten:
            row = ForgottenRow(
                pseudonym=pseudonym,
                workflow=workflow,
                counts=dict(counts),
                models=list(models),
                actor=actor,
                recorded_at=self._clock(),
            )
            session.add(row)
            session.flush()
            session.refresh(row)
            return row.record()

        return self._database.write(work)

    def pseudonyms(self, workflow: str) -> list[str]:
        """Return who is left out of a workflow's records, sorted."""
        query = select(ForgottenRow.pseudonym).where(
            or_(ForgottenRow.workflow == workflow, ForgottenRow.workflow.is_(None))
        )
        return self._database.read(lambda session: sorted(set(session.scalars(query))))

    def history(self) -> list[Forgotten]:
        """Return all entries, newest first."""
        query = select(ForgottenRow).order_by(ForgottenRow.id.desc())
        return self._database.read(lambda session: [r.record() for r in session.scalars(query)])
