"""`Library`: catalog and store as one user may see them. Every page reads through it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.reference import ArtifactRef
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.catalog.records import ExecutionRecord, RunRecord
from millrace.errors import MillraceError

Permission = Callable[[str], bool]
"""Whether the user may read the DAG of that id."""

_KEY = re.compile(r"[0-9a-f]{64}")
_MOST = 1_000  # executions that are looked at, to find one that the user may see


@dataclass(frozen=True)
class Use:
    """An execution with the run that it belongs to."""

    execution: ExecutionRecord
    run: RunRecord


@dataclass(frozen=True)
class Lineage:
    """An artifact with the executions that made it and that used it, oldest first."""

    artifact: Artifact
    makers: tuple[Use, ...]
    users: tuple[Use, ...]


class Library:
    """What one user may read.

    Args:
        catalog, store: of the installation.
        may_read: whether the user may read a DAG; runs, and artifacts that only runs of
            other DAGs made or used, are as if they were not there.
    """

    def __init__(self, catalog: Catalog, store: Store, may_read: Permission) -> None:
        self.catalog = catalog
        self._store = store
        self._may_read = may_read

    def latest(self, workflow: str, limit: int) -> list[RunRecord]:
        """Return those of the workflow's newest `limit` runs that the user may read."""
        runs = self.catalog.runs.latest(workflow, limit)
        return [run for run in runs if self._may_read(run.dag_id)]

    def run(self, dag_id: str, run_id: str) -> RunRecord | None:
        """Return the run that Airflow calls so, or None."""
        if not self._may_read(dag_id) or "\0" in dag_id + run_id:
            return None
        return self.catalog.runs.find(dag_id, run_id)

    def run_of(self, run: int | None) -> RunRecord | None:
        """Return the run with the catalog's id, or None where there is none to see."""
        if run is None:
            return None
        found = self.catalog.runs.get(run)
        return found if self._may_read(found.dag_id) else None

    def lineage(self, key: str) -> Lineage | None:
        """Return the artifact made under `key`, or None.

        Raises:
            MillraceError: its manifest is damaged or of a newer format.
        """
        if _KEY.fullmatch(key) is None:
            return None
        artifact = self._store.find(key)
        if artifact is None:
            return None
        digest, executions = artifact.manifest.digest, self.catalog.executions
        made = [e for e in executions.producing(digest, _MOST) if _made(e, key)]
        used = [e for e in executions.consuming(digest, _MOST) if _used(e, key)]
        makers, users = self._visible(made), self._visible(used)
        return Lineage(artifact, makers, users) if makers or users else None

    def open(self, ref: ArtifactRef | None) -> Artifact | None:
        """Return the artifact of a readable run's execution; None where it cannot be read now."""
        if ref is None:
            return None
        try:
            return self._store.get(ref)
        except MillraceError:
            return None

    def _visible(self, executions: Iterable[ExecutionRecord]) -> tuple[Use, ...]:
        runs: dict[int, RunRecord] = {}
        uses = []
        for execution in executions:
            if execution.run not in runs:
                runs[execution.run] = self.catalog.runs.get(execution.run)
            if self._may_read(runs[execution.run].dag_id):
                uses.append(Use(execution, runs[execution.run]))
        return tuple(uses)


def _made(execution: ExecutionRecord, key: str) -> bool:
    return execution.output is not None and execution.output.key == key


def _used(execution: ExecutionRecord, key: str) -> bool:
    return any(one.ref.key == key for one in execution.inputs)
