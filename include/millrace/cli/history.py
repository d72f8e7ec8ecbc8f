"""`RunHistory`: what the catalog and the store know of one run while it goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Self

from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.catalog.records import ExecutionRecord, RunRecord
from millrace.jobs.progress import document_name, read_progress
from millrace.settings import Settings
from millrace.workflow.tasks import parse

Event = dict[str, Any]


class RunHistory:
    """The history of a run, as far as it has been recorded.

    Args:
        settings: where the catalog and the store are.
        dag_id, run_id: Airflow's names of the run.
    """

    def __init__(self, settings: Settings, dag_id: str, run_id: str) -> None:
        self._identity = (dag_id, run_id)
        self._catalog = Catalog(settings.catalog)
        self._store = Store(settings.store)
        self._ended: dict[str, list[Event]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._catalog.close()

    @property
    def record(self) -> RunRecord | None:
        """The run's record; None until its first task has made it."""
        return self._catalog.runs.find(*self._identity)

    def executions(self) -> list[ExecutionRecord]:
        """Return the stage executions of the run so far, oldest first."""
        record = self.record
        return [] if record is None else self._catalog.executions.of_run(record.id)

    def parts(self, group: str) -> list[str]:
        """Return what a group of tasks is mapped over, in the order of Airflow's map index.

        Args:
            group: ``partition`` or ``candidate``; others are not mapped.
        """
        if group == "partition":
            return self._partitions()
        record = self.record if group == "candidate" else None
        return [] if record is None else list(parse(record.spec).networks)

    def _partitions(self) -> list[str]:
        found = [e.output for e in self.executions() if e.stage == "discover" and e.output]
        artifact = self._store.find(found[-1].key) if found else None
        listed = [] if artifact is None else artifact.facts["partitions"]
        return [f"{one['source']}/{one['index']}" for one in listed]

    def events(self, executions: Sequence[ExecutionRecord]) -> dict[str, list[Event]]:
        """Return what the unpartitioned jobs reported, by stage."""
        return {
            one.stage: self._events(one)
            for one in executions
            if one.partition is None and one.state in ("running", "done")
        }

    def _events(self, execution: ExecutionRecord) -> list[Event]:
        """Read a job's progress document; that of an ended one only once."""
        if execution.key in self._ended:
            return self._ended[execution.key]
        document = read_progress(self._store, document_name(execution.key))
        events: list[Event] = document.get("events", [])
        if execution.state == "done":
            self._ended[execution.key] = events
        return events


def cached_by_stage(executions: Sequence[ExecutionRecord]) -> dict[str, int]:
    """Return how many results were in the store already, by stage."""
    return dict(Counter(one.stage for one in executions if one.state == "cached"))
