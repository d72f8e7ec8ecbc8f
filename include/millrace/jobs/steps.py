"""What each task of a workflow does: references in, references out.

Airflow's tasks and the local run call these by the names of `millrace.workflow.graph`. Each step
turns the run's spec and its upstream references into a `Job` and hands it to the executor.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from millrace.artifacts.digests import digest_value
from millrace.artifacts.reference import ArtifactRef
from millrace.jobs import promotion
from millrace.jobs.discretion import discreet
from millrace.jobs.execute import Job
from millrace.jobs.explaining import explain
from millrace.jobs.fitting import fit_baseline, fit_network
from millrace.jobs.folds import baseline_fold, cross_validate, folds, split_fold, train_fold
from millrace.jobs.growth import log_growth
from millrace.jobs.prediction import predict
from millrace.jobs.promotion import evaluate
from millrace.jobs.question import approve
from millrace.jobs.step import Partition, Reference, execute, title_of
from millrace.jobs.tracking import publish
from millrace.jobs.workflow_run import WorkflowRun
from millrace.workflow.card import card_facts
from millrace.workflow.params import PredictParams
from millrace.workflow.variables import expand

log = logging.getLogger(__name__)


def discover(run: WorkflowRun) -> list[dict[str, Any]]:
    """Return the partitions of the run's sources."""
    job = Job(
        "discover",
        {"limit": run.params.limit},
        locations={"sources": _sources(run)},
        sensitivity=_sensitivity(run),
    )
    previous = run.catalog.executions.previous(run.id, "discover", None)
    artifact = run.executor.execute(job)
    log_growth(run, previous, artifact)
    partitions: list[dict[str, Any]] = artifact.facts["partitions"]
    return partitions


def collect(run: WorkflowRun, partition: Partition) -> Reference:
    """Bring a partition into the store."""
    from millrace.data.sources.partition import split_document

    source = _source(run, partition["source"])
    content, at = split_document(partition)
    job = Job(
        "collect",
        {"kind": source["kind"], "read": _read(source), "partition": content, **_forgotten(run)},
        locations={"source": source, "at": at},
        partition=title_of(partition),
        sensitivity=_sensitivity(run),
    )
    return run.executor.execute(job).ref.to_document()


def clean(run: WorkflowRun, partition: Partition, collected: Reference) -> Reference:
    """Apply the data contract to a partition, its records corrected where people did so."""
    params = {
        **run.spec.cleaning(),
        "label_map": _source(run, partition["source"])["label_map"],
        **run.spec.truth(),
        "labelled": run.labelled,
    }
    inputs: dict[str, list[Reference]] = {"records": [collected]}
    if partition["source"] in run.corrections:
        inputs["corrections"] = [run.corrections[partition["source"]]]
    return execute(run, "clean", params, inputs, partition)


def transform(run: WorkflowRun, partition: Partition, cleaned: Reference) -> Reference:
    """Bring a partition's records into the canonical form."""
    transform = run.spec.transform.model_dump(mode="json")
    params = {"modality": run.spec.modality, "transform": transform}
    return execute(run, "transform", params, {"records": [cleaned]}, partition)


def integrate(
    run: WorkflowRun, cleaned: Iterable[Reference], transformed: Iterable[Reference]
) -> Reference:
    """Unite the partitions and split them."""
    spec = run.spec
    params = {
        **spec.cleaning(),
        "split": spec.split.model_dump(mode="json"),
        "sources": {source.name: source.split for source in spec.sources},
        **spec.truth(),
        "near_conflicts": spec.clean.near_conflicts,
        "budget": dict(spec.clean.budget),
    }
    if spec.folds:
        params["grouped"] = True
    return execute(
        run, "integrate", params, {"records": list(transformed), "cleaned": list(cleaned)}
    )


def candidates(run: WorkflowRun) -> list[str]:
    """Return the names of the networks to train."""
    return list(run.spec.networks)


def train(run: WorkflowRun, dataset: Reference, candidate: str | None = None) -> Reference:
    """Fit a network and export the bundle.

    Args:
        run: of the task. dataset: to fit on.
        candidate: name of the network; None is the workflow's own, the only one.
    """
    return fit_network(run, dataset, candidate).to_document()


def baseline(run: WorkflowRun, dataset: Reference) -> Reference:
    """Fit the scikit-learn model beside the network; as a bundle where it is a candidate."""
    return fit_baseline(run, dataset, export=run.spec.baseline.candidate)


def choose(
    run: WorkflowRun, dataset: Reference, bundles: Sequence[Reference], fitted: Reference
) -> Reference:
    """Return the candidate that is best on the validation split."""
    spec = run.spec
    named = dict(zip(spec.networks, bundles, strict=True)) | dict.fromkeys(spec.classical, fitted)
    params: dict[str, Any] = {"modality": spec.modality, "by": spec.gate.by}
    params |= {"candidates": list(named), "goal": spec.gate.asks_for_goal}
    inputs = {
        "dataset": [ArtifactRef.from_document(dataset)],
        "bundle": [ArtifactRef.from_document(ref) for ref in named.values()],
    }
    facts = run.executor.execute(Job("choose", params, inputs)).facts
    log.info("%s", facts["sentence"])
    return named[facts["chosen"]]


def cards(
    run: WorkflowRun,
    dataset: Reference,
    bundle: Reference,
    evaluated: Reference,
    collected: Iterable[Reference],
    explained: Reference | None = None,
) -> Reference:
    """Write the cards of the run: model, data, de-identification."""
    inputs = {"dataset": [dataset], "bundle": [bundle], "evaluation": [evaluated]}
    if explained is not None:
        inputs["explanations"] = [explained]
    params = {"workflow": card_facts(run.spec)}
    return execute(run, "cards", params, {**inputs, "collected": list(collected)})


def promote(
    run: WorkflowRun,
    dataset: Reference,
    bundle: Reference,
    fitted: Reference,
    evaluated: Reference,
) -> dict[str, Any]:
    """Judge the challenger, record the decision, and log the run to MLflow where one is set."""
    outcome = promotion.promote(run, dataset, bundle, fitted, evaluated)
    if outcome["decision"] != "pending":
        publish(run, bundle, evaluated, outcome)
    return outcome


def finish(
    run: WorkflowRun, cleaned: Iterable[Reference], predicted: Iterable[Reference | None]
) -> dict[str, Any]:
    """Check the refusals of all partitions against their budget, and count what was delivered.

    Raises:
        DataError: a reason refused more records than its budget allows.
    """
    from millrace.data.cleaned_budget import check_cleaned

    artifacts = [run.store.get(ArtifactRef.from_document(ref)) for ref in cleaned]
    labelled = any(artifact.manifest.sensitivity for artifact in artifacts)
    with discreet("finish") if labelled else nullcontext():
        check_cleaned(artifacts, run.spec.clean.budget)
    return {"delivered": sum(ref["delivered"] for ref in predicted if ref is not None)}


STEPS: Mapping[str, Callable[..., Any]] = {
    step.__name__: step
    for step in (
        *(discover, collect, clean, transform, integrate),
        *(folds, split_fold, train_fold, baseline_fold, cross_validate),
        *(candidates, train, baseline, choose, evaluate, explain, cards, approve, promote),
        *(predict, finish),
    )
}
"""All steps by name."""


def _sources(run: WorkflowRun) -> list[dict[str, Any]]:
    """Return the documents of the run's sources, their variables unresolved."""
    chosen: Sequence[Any] = run.spec.sources
    if isinstance(run.params, PredictParams):
        chosen = run.params.sources or run.spec.predict.sources or run.spec.sources
    return run.spec.documents(chosen)


def _forgotten(run: WorkflowRun) -> dict[str, Any]:
    """Return the parameter of who is left out, where anybody is."""
    pseudonyms = run.catalog.forgotten.pseudonyms(run.identity.workflow)
    return {"forgotten": pseudonyms} if pseudonyms else {}


def _sensitivity(run: WorkflowRun) -> str:
    """Return the label of what the run's sources hold."""
    return run.spec.sensitivity(source["kind"] for source in _sources(run))


def _source(run: WorkflowRun, name: str) -> dict[str, Any]:
    return next(source for source in _sources(run) if source["name"] == name)


def _read(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a source decides what is collected; a variable's value only as a digest."""
    from millrace.data.sources.reader import keyed

    read = keyed(expand(source, os.environ, f"sources.{source['name']}"))
    for name, value in (source.get("options") or {}).items():
        if "${" in str(value):
            read["options"][name] = digest_value(read["options"][name])
    return read
