"""What a person's answer makes of the gate's decision. What is asked is `millrace.jobs.question`'s.

An answer holds for what was asked: one version, compared with one champion.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from millrace.catalog.records import ApprovalRequest, ModelVersion

if TYPE_CHECKING:
    from millrace.jobs.workflow_run import WorkflowRun

WAITS = "it passed the gate and waits for a person: `millrace approve` or `millrace reject`"


def answered(run: WorkflowRun, version: ModelVersion) -> ApprovalRequest | None:
    """Return what a person answered to the run's question, or None where nobody did."""
    asked = run.catalog.approvals.find(run.id, version.version)
    return None if asked is None or asked.approved is None else asked


def by_person(
    decision: Mapping[str, Any], person: ApprovalRequest, champion: ModelVersion | None
) -> Mapping[str, Any]:
    """Return the decision about a challenger that passed the gate, given a person's answer.

    Args:
        decision: of the gate. person: with the answer. champion: the present one.
    """
    said = f"{'approved' if person.approved else 'rejected'} by {person.approver}"
    said += f": {person.note}" if person.note else ""
    if not person.approved:
        return {"decision": "reject", "reasons": [said]}
    now = None if champion is None else champion.version
    if person.champion != now:
        moved = f"it was compared with {_called(person.champion)}, and {_called(now)} is there now"
        return {"decision": "refuse", "reasons": [said, moved, "start another run to ask again"]}
    return {**decision, "reasons": [*decision["reasons"], said]}


def _called(champion: int | None) -> str:
    return "no champion" if champion is None else f"version {champion}"
