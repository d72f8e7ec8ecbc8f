"""Evaluate a challenger against the champion, judge it, and make it champion or say why not.

Another run may promote its own challenger meanwhile. Promotion is a compare-and-set on the champion
that the evaluation knew; where it fails, the challenger is evaluated against the new one.

A run decides once about a bundle. Whenever its tasks are repeated, it evaluates against the
champion of then, says what it said, and predicts with the champion that it left: an old run that is
cleared moves no champion. Where a person must agree, nothing becomes champion without the answer.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.records import ApprovalRequest, Decision, ModelVersion, Promotion
from millrace.errors import ChampionChanged, TransientError
from millrace.jobs.approval import WAITS, answered, by_person
from millrace.jobs.execute import Job
from millrace.jobs.folds import shortcuts
from millrace.jobs.rollback import fallen_reason
from millrace.jobs.step import Reference
from millrace.jobs.workflow_run import WorkflowRun

_TRIES = 5
_BOOTSTRAP = 1_000  # resamples of the confidence intervals
_OUTCOMES: Mapping[str, Decision] = {
    "promote": "promoted",
    "refuse": "refused",
    "reject": "rejected",
    "keep": "kept",
}
_KEEP: Mapping[str, Any] = {
    "decision": "keep",
    "reasons": ["the challenger is the champion already"],
}
_TRIAL: Mapping[str, Any] = {
    "decision": "refuse",
    "reasons": ["a run with a limit is a trial: it does not replace a champion"],
}
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judged:
    """What the gate says of a challenger.

    Attributes:
        champion: the present one, or None. evaluation: against it.
        decision: ``decision`` and ``reasons``, and ``checks`` where the gate had to judge.
    """

    champion: ModelVersion | None
    evaluation: Artifact
    decision: Mapping[str, Any]

    @property
    def passed(self) -> bool:
        """Whether the challenger would become champion."""
        return bool(self.decision["decision"] == "promote")


def evaluate(
    run: WorkflowRun,
    dataset: Reference,
    bundle: Reference,
    fitted: Reference,
    validated: Reference | None = None,
) -> Reference:
    """Score the exported bundle on the test split, beside the baseline and the champion.

    Args:
        run: of the task. dataset, bundle, fitted: to score, and the baseline.
        validated: the cross-validation, where there is one.
    """
    made = decided(run, bundle)
    champion = _champion(run) if made is None else _version(run, made.replaced)
    rival = _rival(champion, bundle)
    beside = {"shortcuts": shortcuts(run, dataset)}
    if validated is not None:
        beside["cross_validation"] = ArtifactRef.from_document(validated)
    return _evaluation(run, rival, dataset, bundle, fitted, beside).ref.to_document()


def promote(
    run: WorkflowRun,
    dataset: Reference,
    bundle: Reference,
    fitted: Reference,
    evaluated: Reference,
) -> dict[str, Any]:
    """Judge the challenger and record the decision.

    Args:
        run: of the task.
        dataset, bundle, fitted: what `evaluate` took (the last is the baseline).
            Used again where the champion changed.
        evaluated: what `evaluate` made.

    Returns:
        ``{"decision", "version", "champion", "reasons"}``; the decision is ``promoted``,
        ``refused``, ``rejected`` (by a person), ``kept`` (the challenger is the champion already),
        or ``pending``: a person must agree, and has not answered. ``champion`` is the present one.
        ``repeated`` is true where the run had decided before its task was killed or cleared.
    """
    made = decided(run, bundle)
    if made is not None:
        return _outcome(run, made.version, made.decision, made.reason.split("; "), repeated=True)
    for _ in range(_TRIES):
        found = judged(run, dataset, bundle, fitted, evaluated)
        version, person = registered(run, bundle, found), None
        if found.passed and run.spec.gate.asks is not None:
            person = answered(run, version)
            if person is None:
                return _outcome(run, version.version, "pending", [WAITS])
        try:
            return _decide(run, version, found, person)
        except ChampionChanged as error:
            log.info("The champion changed meanwhile; judging again: %s", error)
    raise TransientError(
        "the champion kept changing while this challenger was judged", where=run.identity.workflow
    )


def judged(
    run: WorkflowRun,
    dataset: Reference,
    bundle: Reference,
    fitted: Reference,
    evaluated: Reference,
) -> Judged:
    """Judge a challenger against the present champion; see `promote`."""
    champion = _champion(run)
    rival = _rival(champion, bundle)
    evaluation = run.store.get(ArtifactRef.from_document(evaluated))
    if evaluation.facts["champion_bundle"] != (rival and rival.bundle.digest):
        beside = _beside(run, evaluation)
        evaluation = _evaluation(run, rival, dataset, bundle, fitted, beside)
    settled = _settled(run, champion, rival, bundle)
    return Judged(champion, evaluation, settled or _judge(run, evaluation, dataset, bundle))


def registered(run: WorkflowRun, bundle: Reference, found: Judged) -> ModelVersion:
    """Return the challenger's version; a new one with the figures of its evaluation."""
    metrics = found.evaluation.manifest.provenance.get("metrics", {})
    reference = ArtifactRef.from_document(bundle)
    return run.catalog.models.register(run.identity.workflow, reference, run.id, dict(metrics))


def _settled(
    run: WorkflowRun,
    champion: ModelVersion | None,
    rival: ModelVersion | None,
    bundle: Reference,
) -> Mapping[str, Any] | None:
    """Return the decision where the gate has nothing to judge."""
    if champion is None:
        return None
    if rival is None:
        return _KEEP
    return _TRIAL if run.params.limit is not None else _fallen(run, bundle)


def _fallen(run: WorkflowRun, bundle: Reference) -> Mapping[str, Any] | None:
    """Refuse a version that a person rolled back from: only a person makes it champion again."""
    version = run.catalog.models.version_of(bundle["digest"], run.identity.workflow)
    reason = None if version is None else fallen_reason(run.catalog.models, version)
    if version is None or reason is None:
        return None
    again = f"`millrace rollback {version.workflow} --to {version.version}` brings it back"
    return {"decision": "refuse", "reasons": [f"it was rolled back from: {reason}", again]}


def champion_of(run: WorkflowRun) -> ModelVersion | None:
    """Return the champion as the run's own decision left it; the present one before a decision."""
    made = [p for p in run.catalog.models.promotions(run.identity.workflow) if p.run == run.id]
    if not made:
        return _champion(run)
    stays = made[-1].decision in ("refused", "rejected")
    return _version(run, made[-1].replaced if stays else made[-1].version)


def decided(run: WorkflowRun, bundle: Reference) -> Promotion | None:
    """Return the decision that this run made about a bundle, or None."""
    models, workflow = run.catalog.models, run.identity.workflow
    version = models.version_of(bundle["digest"], workflow)
    if version is None:
        return None
    for made in models.promotions(workflow):
        if made.run == run.id and made.version == version.version:
            return made
    return None


def _outcome(
    run: WorkflowRun, version: int, decision: str, reasons: list[str], *, repeated: bool = False
) -> dict[str, Any]:
    now = _champion(run)
    champion = None if now is None else now.version
    return {
        "decision": decision,
        "version": version,
        "champion": champion,
        "reasons": reasons,
        "repeated": repeated,
    }


def _version(run: WorkflowRun, number: int | None) -> ModelVersion | None:
    return None if number is None else run.catalog.models.get(run.identity.workflow, number)


def _champion(run: WorkflowRun) -> ModelVersion | None:
    return run.catalog.models.champion(run.identity.workflow)


def _rival(champion: ModelVersion | None, bundle: Reference) -> ModelVersion | None:
    """Return the champion to compare with: none where the challenger is the champion itself."""
    same = champion is not None and champion.bundle.digest == bundle["digest"]
    return None if same else champion


def _beside(run: WorkflowRun, evaluation: Artifact) -> dict[str, ArtifactRef | None]:
    """Return what an evaluation stood beside that does not depend on the champion."""
    keys = evaluation.facts.get("beside") or {}
    found = {role: run.store.find(key) for role, key in keys.items()}
    return {role: None if one is None else one.ref for role, one in found.items()}


def _evaluation(
    run: WorkflowRun,
    rival: ModelVersion | None,
    dataset: Reference,
    bundle: Reference,
    fitted: Reference,
    beside: Mapping[str, ArtifactRef | None],
) -> Artifact:
    named = {"dataset": dataset, "bundle": bundle, "baseline": fitted}
    inputs = {role: [ArtifactRef.from_document(ref)] for role, ref in named.items()}
    if rival is not None:
        inputs["champion"] = [rival.bundle]
    inputs |= {role: [ref] for role, ref in beside.items() if ref is not None}
    params = {
        "modality": run.spec.modality,
        "bootstrap": _BOOTSTRAP,
        "seed": run.spec.train.seed,
        "by": run.spec.gate.by,
    }
    return run.executor.execute(Job("evaluate", params, inputs))


def _judge(
    run: WorkflowRun, evaluation: Artifact, dataset: Reference, bundle: Reference
) -> Mapping[str, Any]:
    inputs = {
        "evaluation": [evaluation.ref],
        "bundle": [ArtifactRef.from_document(bundle)],
        "dataset": [ArtifactRef.from_document(dataset)],
    }
    params = {"modality": run.spec.modality, "gate": run.spec.gate.checks()}
    job = Job("gate", params, inputs)
    return run.executor.execute(job).facts


def _decide(
    run: WorkflowRun, version: ModelVersion, found: Judged, person: ApprovalRequest | None
) -> dict[str, Any]:
    workflow, champion = run.identity.workflow, found.champion
    decision = found.decision if person is None else by_person(found.decision, person, champion)
    outcome = _OUTCOMES[decision["decision"]]
    reasons = list(decision["reasons"])
    run.catalog.models.decide(
        workflow,
        version.version,
        outcome,
        reason="; ".join(reasons) or "all checks passed",
        actor=f"gate of {run.identity.run_id}",
        run=run.id,
        expected_champion=None if champion is None else champion.version,
        person=person,
    )
    log.info("Version %s is %s: %s", version.version, outcome, "; ".join(reasons) or "passed")
    return _outcome(run, version.version, outcome, reasons)
