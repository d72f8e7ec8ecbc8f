"""The steps of cross-validation: a fold's data set, its network, its baseline, and the summary.

A fold's jobs are the stages of ordinary training on another data set, so each is cached by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.reference import ArtifactRef
from millrace.jobs.execute import Job
from millrace.jobs.fitting import fit_baseline, fit_network
from millrace.jobs.step import Reference
from millrace.jobs.workflow_run import WorkflowRun

_FOLDS_OF_FACTS = 5  # where the workflow asks for none
log = logging.getLogger(__name__)

Fold = Mapping[str, Any]
"""``number``, from 1, and ``folds``, the reference of the artifact that shares records out."""


def folds(run: WorkflowRun, dataset: Reference) -> list[dict[str, Any]]:
    """Share the records out among folds, and return a fold each."""
    shared = _shared(run, dataset)
    reference = shared.ref.to_document()
    return [{"number": n + 1, "folds": reference} for n in range(shared.facts["folds"])]


def split_fold(run: WorkflowRun, dataset: Reference, fold: Fold) -> Reference:
    """Write the data set of a fold."""
    split = run.spec.split
    params = {"fold": fold["number"], "validation": split.validation, "seed": split.seed}
    inputs = {
        "dataset": [ArtifactRef.from_document(dataset)],
        "folds": [ArtifactRef.from_document(fold["folds"])],
    }
    job = Job("fold", params, inputs, partition=_part(fold))
    return run.executor.execute(job).ref.to_document()


def train_fold(run: WorkflowRun, part: Reference, fold: Fold) -> Reference:
    """Fit the workflow's network without a fold."""
    return fit_network(run, part, part=_part(fold)).to_document()


def baseline_fold(run: WorkflowRun, part: Reference, fold: Fold) -> Reference:
    """Fit the scikit-learn model without a fold."""
    return fit_baseline(run, part, part=_part(fold))


def cross_validate(
    run: WorkflowRun,
    dataset: Reference,
    parts: Sequence[Reference],
    bundles: Sequence[Reference],
    fitted: Sequence[Reference],
) -> Reference:
    """Score every record by the model that has not seen its fold."""
    given = {"dataset": [dataset], "part": parts, "bundle": bundles, "baseline": fitted}
    inputs = {
        role: [ArtifactRef.from_document(one) for one in refs] for role, refs in given.items()
    }
    params = {"modality": run.spec.modality, "model": run.spec.model.name}
    made = run.executor.execute(Job("cross_validate", params, inputs))
    log.info("%s", made.facts["sentence"])
    return made.ref.to_document()


def shortcuts(run: WorkflowRun, dataset: Reference) -> ArtifactRef | None:
    """Score what facts without content alone reach; None where the data set has no such facts."""
    reference = ArtifactRef.from_document(dataset)
    if not run.store.get(reference).facts.get("content_facts"):
        return None
    inputs = {"dataset": [reference], "folds": [_shared(run, dataset).ref]}
    return run.executor.execute(Job("shortcuts", {"seed": run.spec.split.seed}, inputs)).ref


def _shared(run: WorkflowRun, dataset: Reference) -> Artifact:
    params = {
        "folds": run.spec.folds or _FOLDS_OF_FACTS,
        "seed": run.spec.split.seed,
        "required": bool(run.spec.folds),
    }
    inputs = {"dataset": [ArtifactRef.from_document(dataset)]}
    return run.executor.execute(Job("folds", params, inputs))


def _part(fold: Fold) -> str:
    return f"fold {fold['number']}"
