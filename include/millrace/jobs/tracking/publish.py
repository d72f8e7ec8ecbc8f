"""`publish`: a training run in MLflow, once however often its task is repeated.

An experiment a workflow, a run a run; parameters, a point an epoch, the evaluation's figures, plots
and report, and the bundle as a version of the registered model. All of it comes from the store and
the catalog, so a run whose results were cached has it too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from millrace import __version__
from millrace.artifacts.artifact import Artifact
from millrace.artifacts.digests import digest_value
from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.records import RunRecord
from millrace.jobs.sensitivity import refuse_labelled
from millrace.jobs.tracking import found
from millrace.jobs.tracking.champion import move_alias
from millrace.jobs.tracking.guard import Clock, unharmed
from millrace.jobs.tracking.words import TAG, figures, flat

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

    from millrace.jobs.workflow_run import WorkflowRun

_POINTS = 500  # figures of one request; MLflow takes 1,000
_PARAMS = 100  # of one request; MLflow takes no more
_BUNDLE = "bundle"

Reference = Mapping[str, Any]


@dataclass(frozen=True)
class _Trained:
    """What of a run goes to MLflow."""

    run: WorkflowRun
    record: RunRecord
    bundle: Artifact
    evaluation: Artifact
    outcome: Mapping[str, Any]

    @property
    def workflow(self) -> str:
        return self.run.identity.workflow

    @property
    def tags(self) -> dict[str, str]:
        identity = self.run.identity
        key = digest_value([identity.dag_id, identity.run_id, self.record.started_at.isoformat()])
        values = {
            "key": key,
            "workflow": identity.workflow,
            "dag_id": identity.dag_id,
            "run_id": identity.run_id,
            "catalog_run": self.run.id,
            "bundle": self.bundle.ref.digest,
            "dataset": self.bundle.facts["dataset_digest"],
            "version": __version__,
            "decision": self.outcome["decision"],
            "model_version": self.outcome["version"],
        }
        return {f"{TAG}{name}": str(value) for name, value in values.items()}


def publish(
    run: WorkflowRun, bundle: Reference, evaluated: Reference, outcome: Mapping[str, Any]
) -> bool:
    """Log a run that `promote` has decided on; return whether MLflow has it.

    Args:
        run: of the task. bundle, evaluated: references. outcome: of `promote`.
    """
    what = f"run {run.identity.run_id} of {run.identity.workflow}"
    return unharmed(
        run.settings,
        what,
        lambda client, clock: _publish(client, clock, _trained(run, bundle, evaluated, outcome)),
    )


def _trained(
    run: WorkflowRun, bundle: Reference, evaluated: Reference, outcome: Mapping[str, Any]
) -> _Trained:
    made, scored = (run.store.get(ArtifactRef.from_document(ref)) for ref in (bundle, evaluated))
    refuse_labelled((made, scored), "publishing in MLflow")
    return _Trained(run, run.catalog.runs.get(run.id), made, scored, outcome)


def _publish(client: MlflowClient, clock: Clock, trained: _Trained) -> None:
    place = found.experiment(client, trained.workflow, trained.run.settings.tracking)
    known = found.run(client, place, trained.tags[f"{TAG}key"]) or _create(client, place, trained)
    clock.check()
    if known.data.tags.get(f"{TAG}logged") != _content(trained):
        _log_params(client, known, trained)
        clock.check()
        _log_figures(client, known, trained)
        _log_files(client, clock, known, trained)
        client.set_tag(known.info.run_id, f"{TAG}logged", _content(trained))
        client.set_terminated(known.info.run_id)
    clock.check()
    _register(client, known, trained)
    champion = trained.run.catalog.models.champion(trained.workflow)
    if champion is not None:
        move_alias(client, champion, clock)


def _create(client: MlflowClient, experiment_id: str, trained: _Trained) -> Run:
    return client.create_run(
        experiment_id,
        start_time=_milliseconds(trained),
        tags=trained.tags,
        run_name=trained.run.identity.run_id,
    )


def _log_params(client: MlflowClient, known: Run, trained: _Trained) -> None:
    """Log the parameters that the run lacks: MLflow never changes one."""
    from mlflow.entities import Param

    params = flat(trained.run.spec.model_dump(mode="json"))
    missing = [Param(name, text) for name, text in params.items() if name not in known.data.params]
    for start in range(0, len(missing), _PARAMS):
        client.log_batch(known.info.run_id, params=missing[start : start + _PARAMS])


def _log_figures(client: MlflowClient, known: Run, trained: _Trained) -> None:
    """Log the epochs and the evaluation's figures that the run lacks."""
    run_id, there = known.info.run_id, set(known.data.metrics)
    points = list(_points(trained))
    last = points[-1].key if points else ""
    seen = {m.step for m in client.get_metric_history(run_id, last)} if last in there else set()
    scored = figures(trained.evaluation.manifest.provenance.get("metrics", {}))
    missing = [point for point in points if point.step not in seen]
    missing += [
        _metric(f"test/{name}", value, trained)
        for name, value in scored.items()
        if f"test/{name}" not in there
    ]
    for start in range(0, len(missing), _POINTS):
        client.log_batch(run_id, metrics=missing[start : start + _POINTS])


def _points(trained: _Trained) -> Iterator[Metric]:
    """Yield the figures of each epoch, oldest first, an epoch's in the order of their names."""
    if not trained.bundle.has("history.json"):
        return
    history = json.loads(trained.bundle.path("history.json").read_bytes())["epochs"]
    for number, epoch in enumerate(history, 1):
        for name, value in sorted(figures(epoch).items()):
            if name != "epoch":
                yield _metric(name, value, trained, number)


def _metric(name: str, value: float, trained: _Trained, step: int = 0) -> Metric:
    """Return a figure; its time is the run's, so that a repetition is the same figure."""
    from mlflow.entities import Metric

    return Metric(name, value, _milliseconds(trained), step)


def _log_files(client: MlflowClient, clock: Clock, known: Run, trained: _Trained) -> None:
    """Log the evaluation's report and plots, and the bundle."""
    for name in sorted(trained.evaluation.manifest.files):
        if not name.endswith(".parquet"):  # rows stay in the store
            clock.check()
            _log_file(client, known, trained.evaluation, name, "evaluation")
    for name in sorted(trained.bundle.manifest.files):
        clock.check()
        _log_file(client, known, trained.bundle, name, _BUNDLE)


def _log_file(client: MlflowClient, known: Run, artifact: Artifact, name: str, folder: str) -> None:
    """Log a file under its name; in the store it is named by its digest."""
    with TemporaryDirectory(prefix="millrace-mlflow-") as scratch:
        link = Path(scratch) / Path(name).name
        link.symlink_to(artifact.path(name))
        parent = Path(folder, name).parent.as_posix()
        client.log_artifact(known.info.run_id, str(link), parent)


def _register(client: MlflowClient, known: Run, trained: _Trained) -> None:
    if found.version(client, trained.workflow, trained.bundle.ref.digest) is None:
        source = f"{known.info.artifact_uri}/{_BUNDLE}"
        found.register(client, trained.workflow, source, known.info.run_id, trained.tags)


def _content(trained: _Trained) -> str:
    return digest_value([trained.bundle.ref.digest, trained.evaluation.ref.digest])


def _milliseconds(trained: _Trained) -> int:
    return int(trained.record.started_at.timestamp() * 1_000)
