"""`WorkflowRun`: one run of one workflow, opened by any of its tasks from two names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from millrace import __version__
from millrace.artifacts.digests import digest_value
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.errors import SpecError
from millrace.jobs.execute import Executor
from millrace.jobs.privacy_key import check_forgotten, keep_key
from millrace.jobs.progress import Event
from millrace.jobs.runtimes import Place
from millrace.privacy.keys import load_key
from millrace.settings import Settings
from millrace.workflow.graph import Graph, Purpose, workflow_graph
from millrace.workflow.loader import load_named
from millrace.workflow.params import (
    PredictParams,
    RunParams,
    apply,
    check_trust,
    kinds_read,
    predict_params,
    run_params,
)
from millrace.workflow.spec import WorkflowSpec
from millrace.workflow.tasks import parse


@dataclass(frozen=True)
class RunIdentity:
    """What names a run everywhere: the DAG and Airflow's run id (or one of a local run)."""

    workflow: str
    dag_id: str
    run_id: str
    purpose: Purpose = "training"


@dataclass(frozen=True)
class WorkflowRun:
    """A run with all that its tasks need.

    Attributes:
        identity: names. id: the catalog's number of the run.
        spec: as it was when the run started, with the run's parameters applied.
        params: the run's parameters. executor: runs its jobs.
        corrections: references of corrected records by source, as they were when the run started.
    """

    identity: RunIdentity
    id: int
    spec: WorkflowSpec
    params: RunParams | PredictParams
    settings: Settings
    store: Store
    catalog: Catalog
    executor: Executor
    corrections: Mapping[str, Any] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        """The run's tasks."""
        return workflow_graph(self.spec, self.identity.purpose)

    @property
    def labelled(self) -> bool:
        """Whether records must have labels: in training, not in prediction."""
        return self.identity.purpose == "training"


def start_run(
    identity: RunIdentity,
    conf: Mapping[str, Any],
    trigger: str,
    *,
    attempt: int = 1,
    report: Callable[[Event], None] = lambda event: None,
) -> WorkflowRun:
    """Check the conf, freeze the spec for this run, and record it. The first task calls this.

    Where the first task is repeated, the run stays as it was frozen, unless it failed before it
    decided anything, or the conf is another one by now.

    Args:
        identity: of the run. conf: of the trigger. trigger: what started it.
        attempt: of the first task, from 1; more than that means that it is repeated.
        report: called with every progress event.

    Raises:
        SpecError: the spec or the conf is wrong.
    """
    settings = Settings.load()
    catalog = Catalog(settings.catalog)
    if attempt > 1 and _stays_frozen(catalog, identity, conf):
        return open_run(identity, attempt=attempt, report=report)
    spec = load_named(settings.workflows, identity.workflow)
    check_trust(spec, conf)
    params = dict(conf)
    if identity.purpose == "training":
        spec = apply(spec, run_params(conf))
    elif predict_params(conf, spec).model_version is None:  # one model for all partitions
        champion = catalog.models.champion(identity.workflow)
        params["model_version"] = None if champion is None else champion.version
    if spec.encryption:
        Store(settings.store, settings.home / "cache", seals=True).check_keys()
    if spec.sensitivity(kinds_read(spec, conf)):
        keep_key(Store(settings.store), identity.workflow, load_key())
    if catalog.forgotten.pseudonyms(identity.workflow):
        check_forgotten(Store(settings.store), identity.workflow, load_key())
    document = spec.model_dump(mode="json")
    catalog.runs.start(
        run_id=identity.run_id,
        workflow=identity.workflow,
        dag_id=identity.dag_id,
        spec=document,
        spec_digest=digest_value(document),
        params=params,
        trigger=trigger,
        version=__version__,
        corrections=_corrections(catalog, identity.workflow),
    )
    return open_run(identity, attempt=attempt, report=report)


def open_run(
    identity: RunIdentity,
    *,
    attempt: int = 1,
    report: Callable[[Event], None] = lambda event: None,
    place: Place | None = None,
) -> WorkflowRun:
    """Open a run that `start_run` recorded.

    Args:
        identity: of the run. attempt: of the task that opens it, from 1.
        report: called with every progress event.
        place: where the task's jobs are performed; on this machine by default.

    Raises:
        SpecError: the run was never started: clear its first task.
    """
    settings = Settings.load()
    catalog = Catalog(settings.catalog)
    record = catalog.runs.find(identity.dag_id, identity.run_id)
    if record is None:
        raise SpecError(
            "the run is not in the catalog",
            where=f"{identity.dag_id} {identity.run_id}",
            remedy="Clear the task `discover` of this run; it records the run. Hosts that "
            "share the work need one MILLRACE_CATALOG and one MILLRACE_STORE.",
        )
    if record.state != "running" and attempt > 1:  # cleared; a sibling that failed is no reason
        catalog.runs.reopen(record.id)
    spec = parse(record.spec)
    training = identity.purpose == "training"
    params = run_params(record.params) if training else predict_params(record.params)
    store = Store(settings.store, settings.home / "cache", seals=spec.encryption)
    executor = Executor(
        store=store,
        catalog=catalog,
        home=settings.home,
        workflow=identity.workflow,
        run=record.id,
        attempt=attempt,
        place=place,
        force=_forced(params.force or ()),
        report=report,
    )
    corrections = record.corrections or {}
    return WorkflowRun(
        identity, record.id, spec, params, settings, store, catalog, executor, corrections
    )


def _corrections(catalog: Catalog, workflow: str) -> dict[str, Any]:
    """Return the corrections in force by source; they are frozen for the run."""
    found = catalog.corrections.in_force(workflow)
    return {one.source: one.ref.to_document() for one in found}


def _stays_frozen(catalog: Catalog, identity: RunIdentity, conf: Mapping[str, Any]) -> bool:
    """Whether a run that starts again is the one that was recorded, and no correction of it.

    A run that failed may be started again because its workflow's file was corrected; one that ended
    well, or judged its model, is history.
    """
    record = catalog.runs.find(identity.dag_id, identity.run_id)
    if record is None:
        return False
    asked = {"model_version": conf.get("model_version")}  # a prediction run freezes the champion
    if {**record.params, **asked} != {**conf, **asked}:
        return False
    decided = (made.run for made in catalog.models.promotions(identity.workflow))
    return record.state != "failed" or record.id in decided


def _forced(tasks: Collection[str]) -> frozenset[str]:
    """Return the stages of the tasks to force: `promote` is the gate and its record."""
    return frozenset("gate" if name == "promote" else name for name in tasks)
