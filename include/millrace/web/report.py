"""`report`: all that one run did and found, gathered for its page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.catalog import Catalog
from millrace.catalog.records import (
    ApprovalRequest,
    ModelVersion,
    PredictionBatch,
    Promotion,
    RunRecord,
)
from millrace.errors import MillraceError
from millrace.web.library import Library
from millrace.web.scores import Score, SliceScore, gain, scores, slice_scores
from millrace.web.stages import StageRow, stage_rows
from millrace.workflow.sentences import calibration_sentence, review_sentence

_PLOTS = (
    *("learning_curves", "confusion_matrix", "precision_recall", "reliability"),
    *("predicted", "residuals"),
    *("misclassified", "explained", "explained_errors", "explained_sample", "explanation_checks"),
    *("worst", "samples"),
)


CHECKS = "plots/explanation_checks.png"
"""The evaluation's plot of what explanations look like where nothing was learnt."""


@dataclass(frozen=True)
class Evaluation:
    """What the evaluation measured.

    Attributes:
        ref: of its artifact. rows: records of the test split.
        baseline: kind of the baseline, or None.
        incomparable: why the champion could not be compared, or None.
        validation: facts of the cross-validation (see `learning.cross_validate`), or None.
        shortcuts: a sentence on what facts without content alone reach, or None.
        warnings: sentences on where the data hides leakage.
        leakage: a sentence on what a split of single records would have leaked, or None.
        verdict: a sentence where the baseline is better, or is the model itself; or None.
        decision: how the predicted class was decided, in words, or None: the most probable one.
        costs: ``labels`` and ``table``, what mistakes cost by true and predicted class; or None.
        gained: the figure that models are compared by. gain: the model's less the champion's:
            ``value``, ``low``, ``high``; or None.
        review: what is left to a person, in words, or None. calibration: of the probabilities, in
            words, or None. explanations: a sentence on each way in which answers are explained.
        plots: names of the artifact's plot files.
    """

    ref: ArtifactRef
    rows: int | None
    scores: Sequence[Score]
    slices: Sequence[SliceScore]
    baseline: str | None
    champion: bool
    incomparable: str | None
    validation: Mapping[str, Any] | None
    shortcuts: str | None
    warnings: Sequence[str]
    leakage: str | None
    verdict: str | None
    decision: str | None
    costs: Mapping[str, Any] | None
    gained: str
    gain: Mapping[str, float] | None
    plots: Sequence[str]
    review: str | None = None
    calibration: str | None = None
    explanations: Sequence[str] = ()


@dataclass(frozen=True)
class Explained:
    """What spoke for answers to test records.

    Attributes:
        ref: of its artifact. sentences: on what is shown, with the sanity checks, and what is not.
        plots: key of the artifact and name of each plot file; the checks' own is the last.
    """

    ref: ArtifactRef
    sentences: Sequence[str]
    plots: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Report:
    """A run.

    Attributes:
        errors: a sentence each: the run's own, or those of its failed stages.
        quarantine: refused records by reason, most first; None where nothing was cleaned.
        choice: facts of the choice among candidates, or None.
        gate: facts of the gate's decision, or None.
        batches: what it predicted, also where an earlier run was the first to do so.
        decisions: what was decided of this run's models, oldest first.
        cards: key of the artifact and name of each page of the run's cards.
        questions: what it asks a person and nobody has answered.
        explained: answers to test records, or None.
    """

    run: RunRecord
    stages: Sequence[StageRow]
    errors: Sequence[str]
    quarantine: Sequence[tuple[str, int]] | None
    evaluation: Evaluation | None
    choice: Mapping[str, Any] | None
    gate: Mapping[str, Any] | None
    decisions: Sequence[Promotion]
    model: ModelVersion | None
    batches: Sequence[PredictionBatch] = field(default_factory=list)
    cards: Sequence[tuple[str, str]] = ()
    questions: Sequence[ApprovalRequest] = ()
    explained: Explained | None = None


def report(library: Library, run: RunRecord) -> Report:
    """Gather the report of a run that the user may read."""
    catalog = library.catalog
    stages = stage_rows(catalog.executions.of_run(run.id))
    gate, choice = (library.open(_output(stages, name)) for name in ("gate", "choose"))
    evaluation = library.open(_output(stages, "evaluate"))
    explanations = library.open(_output(stages, "explain"))
    bundle = _bundle(evaluation, _output(stages, "train"))
    return Report(
        run=run,
        stages=stages,
        errors=_errors(run, stages),
        quarantine=_quarantine(library, stages),
        evaluation=_evaluation(evaluation),
        choice=None if choice is None else choice.facts,
        gate=None if gate is None else gate.facts,
        decisions=[one for one in catalog.models.promotions(run.workflow) if one.run == run.id],
        model=None if bundle is None else catalog.models.version_of(bundle, run.workflow),
        batches=_batches(catalog, run, stages),
        cards=_cards(library, stages),
        questions=[one for one in catalog.approvals.of_run(run.id) if one.approved is None],
        explained=_explained(explanations, evaluation),
    )


def _bundle(evaluation: Artifact | None, trained: ArtifactRef | None) -> str | None:
    """Return the digest of the bundle that went to the gate, as far as that is known."""
    if evaluation is not None and "bundle" in evaluation.facts:
        return str(evaluation.facts["bundle"])
    return None if trained is None else trained.digest


def _batches(catalog: Catalog, run: RunRecord, stages: Iterable[StageRow]) -> list[PredictionBatch]:
    """Return the batches that the run was first to make, and those that it found made."""
    scored = [one.output for row in stages if row.name == "predict" for one in row.executions]
    found = [
        batch
        for ref in scored
        if ref is not None
        for batch in catalog.batches.containing(ref.digest)
        if (batch.workflow, batch.key) == (run.workflow, ref.key)
    ]
    every = {batch.id: batch for batch in (*catalog.batches.of_run(run.id), *found)}
    return [every[number] for number in sorted(every)]


def _output(stages: Iterable[StageRow], name: str) -> ArtifactRef | None:
    return next((row.output for row in stages if row.name == name), None)


def _errors(run: RunRecord, stages: Iterable[StageRow]) -> list[str]:
    if run.error is not None:
        return [sentence(run.error)]
    parts = [one for row in stages for one in row.executions if one.state == "failed"]
    return [sentence(one.error) for one in parts if one.error is not None]


def sentence(error: Mapping[str, Any]) -> str:
    """Return a stored error as the sentence that it was raised with."""
    return str(MillraceError.from_document(dict(error)))


def _quarantine(library: Library, stages: Sequence[StageRow]) -> list[tuple[str, int]] | None:
    """Return the refusals of the dataset, or of all cleaned partitions where none was united."""
    dataset = _output(stages, "integrate")
    cleaned = [one.output for row in stages if row.name == "clean" for one in row.executions]
    found = [library.open(ref) for ref in ([dataset] if dataset else cleaned)]
    if not any(found):
        return None
    reasons: Counter[str] = Counter()
    for artifact in found:
        reasons.update(artifact.facts.get("by_reason") or {} if artifact else {})
    return reasons.most_common()


def _evaluation(artifact: Artifact | None) -> Evaluation | None:
    if artifact is None:
        return None
    facts = artifact.facts
    baseline, champion = facts.get("baseline") or {}, facts.get("champion") or {}
    gained, difference = gain(facts) or ("", None)
    return Evaluation(
        ref=artifact.ref,
        rows=facts.get("rows"),
        scores=scores(facts),
        slices=slice_scores(facts),
        baseline=baseline.get("kind"),
        champion=bool(champion.get("metrics")),
        incomparable=champion.get("reason"),
        validation=facts.get("cross_validation"),
        shortcuts=(facts.get("shortcuts") or {}).get("sentence"),
        warnings=facts.get("warnings") or (),
        leakage=facts.get("leakage"),
        verdict=facts.get("verdict"),
        decision=(facts.get("decision") or {}).get("sentence"),
        costs=facts.get("costs"),
        gained=gained,
        gain=difference,
        plots=_plots(artifact.manifest.files),
        review=review_sentence(facts),
        calibration=calibration_sentence(facts),
        explanations=facts.get("explanations") or (),
    )


def _explained(artifact: Artifact | None, evaluation: Artifact | None) -> Explained | None:
    if artifact is None:
        return None
    plots = [(artifact.ref.key, name) for name in _plots(artifact.manifest.files)]
    if plots and evaluation is not None and CHECKS in evaluation.manifest.files:
        plots.append((evaluation.ref.key, CHECKS))
    return Explained(artifact.ref, artifact.facts.get("sentences") or (), plots)


def _cards(library: Library, stages: Sequence[StageRow]) -> list[tuple[str, str]]:
    artifact = library.open(_output(stages, "cards"))
    if artifact is None:
        return []
    names = sorted(name for name in artifact.manifest.files if name.endswith(".html"))
    return [(artifact.ref.key, name) for name in names]


def _plots(files: Iterable[str]) -> list[str]:
    """Return the plot files, the usual ones first."""
    known = [f"plots/{name}.png" for name in _PLOTS]
    found = {name for name in files if name.startswith("plots/") and name.endswith(".png")}
    return [name for name in known if name in found] + sorted(found - set(known))
