"""What each task of a workflow does: references in, references out.

Airflow's tasks and the local run call these by the names of `millrace.workflow.graph`. Each step
turns the run's spec and its upstream references into a `Job` and hands it to the executor.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from millrace.artifacts.reference import ArtifactRef
from millrace.errors import SpecError
from millrace.jobs.execute import Job
from millrace.jobs.promotion import evaluate, promote
from millrace.jobs.workflow_run import WorkflowRun
from millrace.workflow.params import PredictParams
from millrace.workflow.variables import expand

Reference = Mapping[str, Any]
"""An `ArtifactRef` as JSON values: what an XCom holds."""

Partition = Mapping[str, Any]
"""A partition as JSON values."""


def discover(run: WorkflowRun) -> list[dict[str, Any]]:
    """Return the partitions of the run's sources."""
    job = Job("discover", {"sources": _sources(run), "limit": run.params.limit})
    artifact = run.executor.execute(job)
    partitions: list[dict[str, Any]] = artifact.facts["partitions"]
    return partitions


def collect(run: WorkflowRun, partition: Partition) -> Reference:
    """Bring a partition into the store."""
    from millrace.data.sources.reader import keyed

    source = _source(run, partition["source"])
    job = Job(
        "collect",
        {"kind": source["kind"], "read": keyed(source), "partition": dict(partition)},
        locations={"source": source},
        partition=_title(partition),
    )
    return run.executor.execute(job).ref.to_document()


def clean(run: WorkflowRun, partition: Partition, collected: Reference) -> Reference:
    """Apply the data contract to a partition."""
    rules = run.spec.clean.model_dump(mode="json")
    rules.pop("budget")
    params = {
        "rules": rules,
        "label_map": _source(run, partition["source"])["label_map"],
        "labels": list(run.spec.labels),
        "labelled": run.labelled,
    }
    return _execute(run, "clean", params, {"records": [collected]}, partition)


def transform(run: WorkflowRun, partition: Partition, cleaned: Reference) -> Reference:
    """Bring a partition's records into the canonical form."""
    params = run.spec.transform.model_dump(mode="json")
    return _execute(run, "transform", params, {"records": [cleaned]}, partition)


def integrate(
    run: WorkflowRun, cleaned: Iterable[Reference], transformed: Iterable[Reference]
) -> Reference:
    """Unite the partitions and split them."""
    spec = run.spec
    params = {
        "split": spec.split.model_dump(mode="json"),
        "sources": {source.name: source.split for source in spec.sources},
        "labels": list(spec.labels),
        "duplicates": spec.clean.duplicates,
        "budget": dict(spec.clean.budget),
    }
    return _execute(
        run, "integrate", params, {"records": list(transformed), "cleaned": list(cleaned)}
    )


def train(run: WorkflowRun, dataset: Reference) -> Reference:
    """Fit the network and export the bundle."""
    params = {
        name: getattr(run.spec, name).model_dump(mode="json")
        for name in ("model", "augment", "train")
    }
    return _execute(run, "train", params, {"dataset": [dataset]})


def baseline(run: WorkflowRun, dataset: Reference) -> Reference:
    """Fit the scikit-learn model beside the network."""
    params = run.spec.baseline.model_dump(mode="json")
    return _execute(run, "baseline", params, {"dataset": [dataset]})


def predict(
    run: WorkflowRun, records: Reference, file: str, partition: Partition | None = None
) -> Reference | None:
    """Score records with the champion and deliver them; None where there is no champion yet.

    Args:
        run: of the task.
        records: of a dataset, or of a transformed partition.
        file: the table of that artifact to score.
        partition: where the task is mapped.
    """
    from millrace.data.delivery import deliver

    version = _version(run)
    if version is None:
        return None
    inputs = {"records": [records], "bundle": [version.bundle.to_document()]}
    reference = _execute(run, "predict", {"file": file}, inputs, partition)
    artifact = run.store.get(ArtifactRef.from_document(reference))
    delivered = deliver(
        artifact.path("predictions.parquet"),
        run.settings.predictions,
        run.spec.predict.table,
        workflow=run.identity.workflow,
        run_id=run.identity.run_id,
        model_version=version.version,
        model_digest=version.bundle.digest,
        batch_key=artifact.ref.key,
    )
    run.catalog.batches.record(
        workflow=run.identity.workflow,
        run=run.id,
        key=artifact.ref.key,
        source_digest=records["digest"],
        model_version=version.version,
        rows=delivered.rows,
        table=run.spec.predict.table,
        predictions=artifact.ref,
    )
    return reference


def finish(run: WorkflowRun) -> None:
    """Come after all partitions; what ends a run well is recorded by whoever runs its last task."""


STEPS: Mapping[str, Callable[..., Any]] = {
    step.__name__: step
    for step in (
        *(discover, collect, clean, transform, integrate),
        *(train, baseline, evaluate, promote, predict, finish),
    )
}
"""All steps by name."""


def _execute(
    run: WorkflowRun,
    stage: str,
    params: Mapping[str, Any],
    inputs: Mapping[str, Sequence[Reference]],
    partition: Partition | None = None,
) -> Reference:
    job = Job(
        stage,
        params,
        {role: [ArtifactRef.from_document(ref) for ref in refs] for role, refs in inputs.items()},
        partition=None if partition is None else _title(partition),
    )
    return run.executor.execute(job).ref.to_document()


def _sources(run: WorkflowRun) -> list[dict[str, Any]]:
    """Return the documents of the run's sources, their variables resolved."""
    chosen: Sequence[Any] = run.spec.sources
    if isinstance(run.params, PredictParams):
        chosen = run.params.sources or run.spec.predict.sources or run.spec.sources
    documents = [source.model_dump(mode="json") for source in chosen]
    return [expand(d, os.environ, f"sources.{d['name']}") for d in documents]


def _source(run: WorkflowRun, name: str) -> dict[str, Any]:
    return next(source for source in _sources(run) if source["name"] == name)


def _version(run: WorkflowRun) -> Any:
    """Return the model version to predict with: the one asked for, or the champion."""
    wanted = getattr(run.params, "model_version", None)
    if wanted is None:
        return run.catalog.models.champion(run.identity.workflow)
    versions = run.catalog.models.versions(run.identity.workflow)
    found = [version for version in versions if version.version == wanted]
    if not found:
        raise SpecError(
            "there is no such model version",
            where="conf.model_version",
            expected=", ".join(str(v.version) for v in versions) or "a trained model",
            received=wanted,
        )
    return found[0]


def _title(partition: Partition) -> str:
    return f"{partition['source']}/{partition['index']}"
