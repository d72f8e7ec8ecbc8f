"""Jobs that fit models, the network and the scikit-learn baseline, to a data set or to a fold."""

from __future__ import annotations

from typing import Any

from millrace.artifacts.reference import ArtifactRef
from millrace.jobs.execute import Job
from millrace.jobs.step import Reference
from millrace.jobs.workflow_run import WorkflowRun
from millrace.machine import computes_bfloat16
from millrace.workflow.resources import Resources


def fit_network(
    run: WorkflowRun, dataset: Reference, candidate: str | None = None, part: str | None = None
) -> ArtifactRef:
    """Fit a network and return its bundle.

    Args:
        run: of the task. dataset: to fit on.
        candidate: name of the network; None is the workflow's own.
        part: names the job among others of the run, where it is no candidate's.
    """
    network = run.spec if candidate is None else run.spec.candidates.get(candidate, run.spec)
    params: dict[str, Any] = {
        name: getattr(network, name).model_dump(mode="json")
        for name in ("model", "augment", "train")
    }
    params |= {"modality": run.spec.modality, **run.spec.answer()}
    if part is not None and "explain" in params["train"]:  # nobody looks at a fold's bundle
        params["train"]["explain"] = False
    asked, locations = devices(run.spec.resources)
    params |= asked
    start = params["model"].pop("start", None)
    if start is not None:  # which weights they are decides the result, not where they lie
        params["start"] = {"sha256": start["sha256"]}
        locations["start"] = {"uri": start["uri"]}
    if not asked and network.train.precision == "auto":  # what it means here decides the result
        params["machine"] = {"bfloat16": computes_bfloat16()}
    inputs = {"dataset": [ArtifactRef.from_document(dataset)]}
    job = Job("train", params, inputs, locations, part or candidate)
    return run.executor.execute(job).ref


def devices(asked: Resources) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parameter and the location ``devices`` of a stage that GPUs are asked for."""
    if not asked.gpus:
        return {}, {}
    decides: dict[str, Any] = {"gpus": asked.gpus}
    if asked.without_gpu != "fail":  # else no result can have been made without
        decides["without_gpu"] = asked.without_gpu
    return {"devices": decides}, {"devices": {"memory_growth": asked.memory_growth}}


def fit_baseline(
    run: WorkflowRun, dataset: Reference, *, export: bool = False, part: str | None = None
) -> Reference:
    """Fit the scikit-learn model and return its artifact; with a bundle where it is exported."""
    fitted = run.spec.baseline.model_dump(mode="json", exclude={"candidate"})
    params = {"modality": run.spec.modality, "baseline": fitted, **run.spec.answer()}
    if export:
        params["export"] = True
    inputs = {"dataset": [ArtifactRef.from_document(dataset)]}
    job = Job("baseline", params, inputs, partition=part)
    return run.executor.execute(job).ref.to_document()
