"""`Refused`: the quarantine of a run, wherever the run came to. Only reads.

The data set's quarantine is whole. Where the run has none yet, or failed its budget, the cleaned
partitions' are what there is: the very moment when somebody wants to look.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.reference import ArtifactRef
from millrace.artifacts.store import Store
from millrace.artifacts.tables import read_table
from millrace.catalog.catalog import Catalog
from millrace.catalog.records import ExecutionRecord, RunRecord
from millrace.errors import SpecError

QUARANTINE_FILE = "quarantine.parquet"
_RUNS = 200  # the latest ones that are searched
_LOOKED_AT = 20  # of a workflow's runs
_CONTENTS = ("content", "encoding")


@dataclass(frozen=True)
class Refused:
    """The refused records of a run.

    Attributes:
        run: of the catalog.
        files: quarantine tables.
        received: records that cleaning received.
        integrated: whether the tables are the whole data set's; else those of cleaned partitions,
            without what is only found between them.
    """

    run: RunRecord
    files: tuple[Path, ...]
    received: int
    integrated: bool

    def tables(
        self, reason: str | None = None, source: str | None = None, *, contents: bool = False
    ) -> Iterator[pa.Table]:
        """Yield the refused records of a reason and a source (None: of all), in order.

        Args:
            contents: with the columns `content` and `encoding`.
        """
        columns = ["record_id", "source", "origin", "label", "reason", "detail"]
        for path in self.files:
            for table in read_table(path, [*columns, *(_CONTENTS if contents else ())]):
                for name, value in (("reason", reason), ("source", source)):
                    if value is not None:
                        table = table.filter(pc.equal(table[name], value))
                if table.num_rows:
                    yield table


def refused_of(run: RunRecord, catalog: Catalog, store: Store) -> Refused:
    """Return the quarantine of a run.

    Raises:
        SpecError: the run has cleaned nothing yet.
    """
    executions = catalog.executions.of_run(run.id)
    cleaned = [store.get(ref) for ref in outputs(executions, "clean")]
    received = sum(int(a.facts["counts"]["received"]) for a in cleaned)
    dataset = [store.get(ref) for ref in outputs(executions, "integrate")]
    if not cleaned and not dataset:
        raise SpecError(
            "the run has cleaned nothing",
            where=f"run {run.id} ({run.dag_id} {run.run_id})",
            remedy=f"`millrace show run {run.id}` says how far it came.",
        )
    found: Sequence[Artifact] = dataset or cleaned
    files = tuple(artifact.path(QUARANTINE_FILE) for artifact in found)
    return Refused(run, files, received, bool(dataset))


def outputs(executions: Sequence[ExecutionRecord], stage: str) -> list[ArtifactRef]:
    """Return a stage's latest results of a run, by partition."""
    found = {e.partition or "": e.output for e in executions if e.stage == stage and e.output}
    return list(found.values())


def run_named(name: str | None, catalog: Catalog) -> RunRecord:
    """Return a run by its number or Airflow's id, or a workflow's latest that cleaned records.

    Args:
        name: of a workflow or a run; None: of all workflows. Of a workflow, training
            runs only.

    Raises:
        SpecError: there is none.
    """
    if name is not None and name.isdecimal():
        return catalog.runs.get(int(name))
    latest = catalog.runs.latest(limit=_RUNS)
    fitting = [run for run in latest if name is None or name == run.run_id]
    if name is not None and not fitting:
        fitting = catalog.runs.latest(name, limit=_RUNS)
    trained = [run for run in fitting if run.dag_id == run.workflow or name == run.run_id]
    for run in trained[:_LOOKED_AT]:  # a run that has just begun has nothing to show yet
        if outputs(catalog.executions.of_run(run.id), "clean"):
            return run
    if trained:
        return trained[0]
    raise SpecError(
        "there is no such run" if name else "there are no runs yet",
        expected="a workflow that has run, or the number of a run",
        received=name,
        remedy="`millrace runs` lists them.",
    )
