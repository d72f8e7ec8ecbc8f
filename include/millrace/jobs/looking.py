"""`Look`: the real first stages over data that no workflow names yet, in a scratch installation.

Nothing of the installation's own store or catalog is touched, and nothing is left behind.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from millrace.artifacts.reference import ArtifactRef
from millrace.artifacts.store import Store
from millrace.artifacts.tables import read_table
from millrace.catalog.catalog import Catalog
from millrace.data.survey.found import Found, partition_rows
from millrace.data.survey.measure import Measured
from millrace.data.survey.survey import open_survey
from millrace.errors import DataError
from millrace.jobs.execute import Executor
from millrace.jobs.steps import STEPS
from millrace.jobs.workflow_run import RunIdentity, WorkflowRun
from millrace.settings import Settings
from millrace.workflow.params import RunParams
from millrace.workflow.proposing.seen import Seen
from millrace.workflow.spec import WorkflowSpec
from millrace.workflow.tasks import parse

_PARTS = 40  # partitions of a source, about, of which some are looked at
_SMALLEST, _LARGEST = 50, 1_000  # records of such a partition
_MOST_BYTES = 1 << 30  # that are looked at, about
_RAW = ["origin", "label", "content", "encoding"]

Tell = Callable[[int, int], None]
"""Called with the records that were looked at so far, and those that will be."""


class Look:
    """A look at some data; use as a context.

    Args:
        found: the sources.
        sample: records to look at, at most, about, and about a GiB of them; 0 looks at all.
        tell: follows it.
    """

    def __init__(self, found: Found, sample: int, tell: Tell = lambda done, total: None) -> None:
        self._found = found
        self._survey = open_survey(found.modality)
        self._sample = sample
        self._tell = tell
        self._home = Path(tempfile.mkdtemp(prefix="millrace-look-"))
        self._catalog = Catalog(f"sqlite:///{self._home / 'catalog.db'}")
        self._collected: list[tuple[dict[str, Any], Mapping[str, Any]]] = []
        self._runs = 0

    def __enter__(self) -> Self:
        self._catalog.migrate()
        return self

    def __exit__(self, *_: object) -> None:
        self._catalog.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def seen(self) -> Seen:
        """Collect and clean, and return what was seen.

        Raises:
            MillraceError: the data cannot be read, as a run would say it.
        """
        run = self._run(self._spec(_LARGEST))
        partitions = STEPS["discover"](run)
        total = _records(partitions)
        size = max(_SMALLEST, total // _PARTS)
        if size < _LARGEST and self._sample and total > self._sample:
            run = self._run(self._spec(size))
            partitions = STEPS["discover"](run)
        self._collect(run, self._choose(partitions))
        measured = Measured(self._found.modality, keeps_equal=self._survey.keeps_equal)
        self._survey.before(self._raw(run, measured))
        self._clean(self._run(self._spec(_LARGEST)), measured)
        return self._survey.seen(measured.counted(self._found, total))

    def _collect(self, run: WorkflowRun, chosen: Sequence[dict[str, Any]]) -> None:
        """Collect partitions, until enough bytes were."""
        done, wanted, left = 0, _records(chosen), _MOST_BYTES
        for partition in spread(chosen):
            self._tell(done, wanted)
            collected = STEPS["collect"](run, partition)
            self._collected.append((partition, collected))
            done += int(collected["rows"] or 0)
            left -= collected["bytes"]
            if self._sample and left <= 0:
                break

    def _raw(self, run: WorkflowRun, measured: Measured) -> Iterator[pa.Table]:
        """Yield what was collected, and count it."""
        for _, collected in self._collected:
            raw = run.store.get(ArtifactRef.from_document(collected))
            for table in read_table(raw.path("records.parquet"), _RAW):
                measured.collected(table)
                yield table

    def _clean(self, run: WorkflowRun, measured: Measured) -> None:
        """Clean what was collected, and look at it."""
        for partition, collected in self._collected:
            cleaned = STEPS["clean"](run, partition, collected)
            artifact = run.store.get(ArtifactRef.from_document(cleaned))
            measured.cleaned(artifact)
            for table in read_table(artifact.path("records.parquet"), [*self._survey.columns]):
                self._survey.add(table)

    def splits(self, spec: WorkflowSpec) -> DataError | None:
        """Return why a spec's records could not be split; None where they can."""
        run = self._run(parse(self._survey.quick(spec.model_dump(mode="json"))))
        cleaned = [STEPS["clean"](run, *one) for one in self._collected]
        partitions = [partition for partition, _ in self._collected]
        transformed = [
            STEPS["transform"](run, *one) for one in zip(partitions, cleaned, strict=True)
        ]
        try:
            STEPS["integrate"](run, cleaned, transformed)
        except DataError as error:
            return error
        return None

    def _choose(self, partitions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return partitions of `sample` records in all, spread evenly."""
        total = _records(partitions)
        if not self._sample or total <= self._sample:
            return list(partitions)
        count = max(2, round(len(partitions) * self._sample / total))
        step = (len(partitions) - 1) / (count - 1)
        return [partitions[round(number * step)] for number in range(count)]

    def _spec(self, rows: int) -> WorkflowSpec:
        """Return a workflow that refuses what is refused by default, and fails for none of it."""
        sources = [
            {**source, "partition_rows": partition_rows(source, rows)}
            for source in self._found.sources
        ]
        return parse(
            {
                "version": 1,
                "name": "look",
                "sources": sources,
                "clean": {"budget": {"default": 1.0}},
                "split": {"test": 0.2},
                **self._survey.trial(),
            }
        )

    def _run(self, spec: WorkflowSpec) -> WorkflowRun:
        self._runs += 1
        identity = RunIdentity("look", "look", str(self._runs))
        record = self._catalog.runs.start(
            run_id=identity.run_id, workflow="look", dag_id="look",
            spec=spec.model_dump(mode="json"), spec_digest="", params={}, trigger="look",
            version="",
        )  # fmt: skip
        store = Store((self._home / "store").as_uri())
        settings = replace(Settings.load(), home=self._home, store=store.uri)
        executor = Executor(store, self._catalog, self._home, "look", record.id)
        return WorkflowRun(
            identity, record.id, spec, RunParams(), settings, store, self._catalog, executor
        )


def spread(partitions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return partitions so that those before any point are spread evenly over all."""
    digits = max(1, len(partitions).bit_length())

    def mirrored(number: int) -> int:
        return int(f"{number:0{digits}b}"[::-1], 2)

    return [partitions[number] for number in sorted(range(len(partitions)), key=mirrored)]


def _records(partitions: Sequence[Mapping[str, Any]]) -> int:
    return sum(int(p["stop"]) - int(p["start"]) for p in partitions)
