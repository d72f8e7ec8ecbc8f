"""`run_here`: a workflow in this process, without Airflow, shown like a run of Airflow's."""

from __future__ import annotations

import getpass
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.prompt import Prompt

from millrace.cli.announce import announce
from millrace.cli.console import console
from millrace.cli.outcome import print_outcome
from millrace.cli.run_view import RunView, StageView
from millrace.cli.views import View, view_for
from millrace.errors import ExitCode
from millrace.settings import Settings
from millrace.workflow.graph import purpose_of, workflow_graph
from millrace.workflow.loader import load_named, spec_files

if TYPE_CHECKING:
    from millrace.catalog.records import RunRecord

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
    ask_here(settings, dag_id, run_id)
    return ExitCode.DONE


def ask_here(settings: Settings, dag_id: str, run_id: str) -> None:
    """Ask on the terminal, where it is one, what the run waits for; go on with the answer."""
    from millrace.catalog.catalog import Catalog

    if not (sys.stdin.isatty() and console().is_terminal):
        return
    with Catalog(settings.catalog) as catalog:
        record = catalog.runs.find(dag_id, run_id)
        asked = catalog.approvals.of_run(record.id) if record is not None else []
        if record is None or not asked or asked[-1].approved is not None:
            return
        words = {"approve": True, "reject": False}
        said = Prompt.ask("Your answer", choices=[*words, "later"], default="later")
        if said not in words:
            return
        catalog.approvals.answer(
            record.id, asked[-1].version, approved=words[said], approver=getpass.getuser()
        )
    go_on_here(settings, record)


def go_on_here(settings: Settings, record: RunRecord) -> None:
    """Go on with a run that has got its answer, in this process; print its outcome.

    Raises:
        MillraceError: a stage failed.
    """
    from millrace.jobs.carry_on import carry_on

    outcome = carry_on(record)
    print_outcome(settings, record.dag_id, record.run_id)
    if outcome["decision"] == "promoted" and not outcome["repeated"]:
        announce(record.workflow, outcome["version"])


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
