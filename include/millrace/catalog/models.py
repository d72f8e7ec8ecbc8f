"""Queries about model versions and the decisions about them. Decisions are only ever added."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.database import Database
from millrace.catalog.records import ApprovalRequest, Decision, ModelVersion, Promotion
from millrace.catalog.rows import ModelVersionRow, PromotionRow
from millrace.errors import ChampionChanged, SpecError

_CROWNING = ("promoted", "rolled_back")


class Models:
    """The model versions and promotions of all workflows."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def register(
        self, workflow: str, bundle: ArtifactRef, run: int | None, metrics: Mapping[str, Any]
    ) -> ModelVersion:
        """Return the version of `bundle`; the next number where it is new to the workflow."""

        def work(session: Session) -> ModelVersion:
            row = _version_of(session, bundle.digest, workflow)
            if row is None:
                numbers = select(func.max(ModelVersionRow.version))
                last = session.scalar(numbers.where(ModelVersionRow.workflow == workflow))
                row = ModelVersionRow(
                    workflow=workflow,
                    version=(last or 0) + 1,
                    bundle=bundle.to_document(),
                    bundle_digest=bundle.digest,
                    run_id=run,
                    metrics=dict(metrics),
                    created_at=self._clock(),
                )
                session.add(row)
                session.flush()
                session.refresh(row)
            return row.record()

        return self._database.write(work)

    def decide(
        self,
        workflow: str,
        version: int,
        decision: Decision,
        reason: str,
        actor: str,
        run: int | None,
        expected_champion: int | None,
        person: ApprovalRequest | None = None,
    ) -> Promotion:
        """Record a decision; ``promoted`` and ``rolled_back`` make `version` the champion.

        The same decision of the same run about the same version is recorded once, and returned
        again however the champion moved since.

        Args:
            actor: who decided: ``gate`` or a person.
            expected_champion: the champion that the decision was made against, or None where
                there was none; only compared where the champion moves.
            person: what somebody answered to the question whether it may become champion.

        Raises:
            ChampionChanged: another champion than the expected one reigns by now.
            SpecError: no such version or decision, or a rollback to what never was champion.
        """
        if decision not in get_args(Decision):
            expected = ", ".join(get_args(Decision))
            raise SpecError("not a decision", expected=expected, received=decision)

        def work(session: Session) -> Promotion:
            known = _recorded(session, workflow, version, decision, run)
            if known is not None:
                return known.record()
            reign = _reign(session, workflow)
            _refuse_unknown(session, workflow, version, decision)
            if decision in _CROWNING:
                _compare(workflow, reign, expected_champion)
            row = PromotionRow(
                workflow=workflow,
                version=version,
                decision=decision,
                term=_next_term(reign) if decision in _CROWNING else None,
                replaced=None if reign is None else reign.version,
                reason=reason,
                actor=actor,
                run_id=run,
                decided_at=self._clock(),
                approver=None if person is None else person.approver,
                approved_at=None if person is None else person.answered_at,
            )
            session.add(row)
            session.flush()
            session.refresh(row)
            return row.record()

        return self._database.write(work)

    def champion(self, workflow: str) -> ModelVersion | None:
        """Return the version that predictions use now, or None."""

        def work(session: Session) -> ModelVersion | None:
            reign = _reign(session, workflow)
            if reign is None:
                return None
            return _version(session, workflow, reign.version)

        return self._database.read(work)

    def get(self, workflow: str, version: int) -> ModelVersion:
        """Return a version; raise `SpecError` where there is none of that number."""
        found = self._database.read(lambda session: _version(session, workflow, version))
        if found is None:
            raise _unknown(workflow, version)
        return found

    def version_of(self, digest: str, workflow: str | None = None) -> ModelVersion | None:
        """Return the version whose bundle has that digest, of any workflow or of one."""
        row = self._database.read(lambda session: _version_of(session, digest, workflow))
        return None if row is None else row.record()

    def versions(self, workflow: str) -> list[ModelVersion]:
        """Return all versions, 1 first."""
        query = select(ModelVersionRow).where(ModelVersionRow.workflow == workflow)
        query = query.order_by(ModelVersionRow.version)
        return self._database.read(lambda session: [r.record() for r in session.scalars(query)])

    def promotions(self, workflow: str) -> list[Promotion]:
        """Return all decisions, oldest first."""
        query = select(PromotionRow).where(PromotionRow.workflow == workflow)
        query = query.order_by(PromotionRow.id)
        return self._database.read(lambda session: [r.record() for r in session.scalars(query)])


def _reign(session: Session, workflow: str) -> PromotionRow | None:
    """Return the decision that made the champion."""
    query = select(PromotionRow).where(
        PromotionRow.workflow == workflow, PromotionRow.term.is_not(None)
    )
    return session.scalar(query.order_by(PromotionRow.term.desc()).limit(1))


def _next_term(reign: PromotionRow | None) -> int:
    return 1 if reign is None or reign.term is None else reign.term + 1


def _compare(workflow: str, reign: PromotionRow | None, expected: int | None) -> None:
    received = None if reign is None else reign.version
    if received != expected:
        raise ChampionChanged(
            "another run changed the champion meanwhile",
            where=workflow,
            expected=_called(expected),
            received=_called(received),
            remedy="Evaluate against the new champion.",
        )


def _called(version: int | None) -> str:
    return "no champion" if version is None else f"version {version}"


def _recorded(
    session: Session, workflow: str, version: int, decision: str, run: int | None
) -> PromotionRow | None:
    """Return the same decision of the same run; a decision without a run is never the same."""
    if run is None:
        return None
    return session.scalar(
        select(PromotionRow).where(
            PromotionRow.workflow == workflow,
            PromotionRow.run_id == run,
            PromotionRow.version == version,
            PromotionRow.decision == decision,
        )
    )


def _refuse_unknown(session: Session, workflow: str, version: int, decision: str) -> None:
    if _version(session, workflow, version) is None:
        raise _unknown(workflow, version)
    if decision != "rolled_back":
        return
    reigned = select(PromotionRow.id).where(
        PromotionRow.workflow == workflow,
        PromotionRow.version == version,
        PromotionRow.term.is_not(None),
    )
    if session.scalar(reigned.limit(1)) is None:
        raise SpecError(
            "a rollback goes to a version that was champion before",
            where=workflow,
            received=_called(version),
            remedy="Promote it instead.",
        )


def _version(session: Session, workflow: str, version: int) -> ModelVersion | None:
    row = session.scalar(
        select(ModelVersionRow).where(
            ModelVersionRow.workflow == workflow, ModelVersionRow.version == version
        )
    )
    return None if row is None else row.record()


def _version_of(session: Session, digest: str, workflow: str | None) -> ModelVersionRow | None:
    query = select(ModelVersionRow).where(ModelVersionRow.bundle_digest == digest)
    if workflow is not None:
        query = query.where(ModelVersionRow.workflow == workflow)
    return session.scalar(query.order_by(ModelVersionRow.id.desc()).limit(1))


def _unknown(workflow: str, version: int) -> SpecError:
    return SpecError("the catalog has no such model version", where=workflow, received=version)
