"""`run_here`: a workflow in this process, without Airflow, shown like a run of Airflow's."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from millrace.cli.console import console
from millrace.cli.outcome import print_outcome
from millrace.cli.run_view import RunView, StageView
from millrace.cli.views import View, view_for
from millrace.errors import ExitCode
from millrace.settings import Settings
from millrace.workflow.graph import purpose_of, workflow_graph
from millrace.workflow.loader import load_named, spec_files

_KEPT = 50  # events of a stage


def run_here(settings: Settings, dag_id: str, conf: dict[str, Any]) -> int:
    """Run what a workflow's DAG does, here, and print its outcome.

    Raises:
        MillraceError: a stage failed, or the store cannot be used.
    """
    from millrace.artifacts.store import Store
    from millrace.catalog.catalog import Catalog
    from millrace.jobs.local_run import run_workflow

    names = {path.stem for path in spec_files(settings.workflows)}
    workflow, purpose = purpose_of(dag_id, names) or (dag_id, "training")
    spec = load_named(settings.workflows, workflow)
    graph = workflow_graph(spec, purpose)
    Store(settings.store, settings.home / "cache", seals=spec.encryption).check()
    with Catalog(settings.catalog) as catalog:
        catalog.migrate()
    run_id = f"local__{datetime.now(UTC).isoformat(timespec='microseconds')}"
    with view_for(console()) as view, told(console()):
        following = _Following(view, dag_id, run_id, [task.name for task in graph])
        run_workflow(workflow, conf, following.tell, run_id, purpose)
    print_outcome(settings, dag_id, run_id)
    return ExitCode.DONE


@contextmanager
def told(console: Console) -> Iterator[None]:
    """Print how sources grew: without Airflow there is no log of a task to say it in."""
    log = logging.getLogger("millrace.jobs.growth")
    handler, level = _Printer(console), log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


class _Printer(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__(logging.INFO)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.print(f"discover: {record.getMessage()}", markup=False)


class _Following:
    """Turns the run's events into what the views draw."""

    def __init__(self, view: View, dag_id: str, run_id: str, names: list[str]) -> None:
        self._view = view
        self._start = time.monotonic()
        self._began: dict[str, float] = {}
        self._stages = {name: StageView(name, "waiting", 0, 1, 0.0) for name in names}
        self._run = RunView(dag_id, run_id, "running", 0.0, ())

    def tell(self, task: str, event: Mapping[str, Any]) -> None:
        """Take in an event of a task and show the run."""
        now = time.monotonic()
        stage = self._stages[task]
        began = self._began.setdefault(task, now)
        if event.get("state") == "running":
            total = max(stage.total, stage.done + 1)
            stage = replace(stage, state="running", total=total)
        elif event.get("state") == "success":
            stage = replace(stage, state="done", done=stage.done + 1)
        else:
            stage = replace(stage, events=(*stage.events, event)[-_KEPT:])
        self._stages[task] = replace(stage, seconds=now - began)
        stages = tuple(self._stages.values())
        self._view.show(replace(self._run, seconds=now - self._start, stages=stages))
