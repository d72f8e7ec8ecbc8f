"""`Look`: the real first stages over data that no workflow names yet, in a scratch installation.

Nothing of the installation's own store or catalog is touched, and nothing is left behind.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from millrace.artifacts.reference import ArtifactRef
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.data.survey.found import Found
from millrace.data.survey.measure import Measured
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
_FILES = 200  # records of such a partition, at most, where each is a file
_MOST_BYTES = 1 << 30  # that are looked at, about
_SIDE = 8  # pixels of a picture that is only split

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
        chosen = self._choose(partitions)
        return self._measured(run, chosen).seen(self._found, total)

    def _measured(self, run: WorkflowRun, chosen: Sequence[dict[str, Any]]) -> Measured:
        """Collect, clean and count partitions, until enough bytes were seen."""
        measured, wanted, left = Measured(), _records(chosen), _MOST_BYTES
        for partition in spread(chosen):
            self._tell(measured.looked_at, wanted)
            collected = STEPS["collect"](run, partition)
            self._collected.append((partition, collected))
            cleaned = STEPS["clean"](run, partition, collected)
            self._measure(run, measured, collected, cleaned)
            left -= collected["bytes"]
            if self._sample and left <= 0:
                break
        return measured

    def splits(self, spec: WorkflowSpec) -> DataError | None:
        """Return why a spec's records could not be split; None where they can."""
        document = spec.model_dump(mode="json")
        document["transform"] |= {"size": [_SIDE, _SIDE]}
        run = self._run(parse(document))
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

    def _measure(
        self,
        run: WorkflowRun,
        measured: Measured,
        collected: Mapping[str, Any],
        cleaned: Mapping[str, Any],
    ) -> None:
        raw, clean = (run.store.get(ArtifactRef.from_document(ref)) for ref in (collected, cleaned))
        with tempfile.TemporaryDirectory(dir=self._home) as folder:
            measured.add(raw.path("records.parquet"), clean.extract(Path(folder)))

    def _spec(self, partition_rows: int) -> WorkflowSpec:
        """Return a workflow that refuses what is refused by default, and fails for none of it."""

        def rows(source: Mapping[str, Any]) -> dict[str, int]:
            files = source["kind"] == "image_folder"
            return {"partition_rows": min(partition_rows, _FILES) if files else partition_rows}

        return parse(
            {
                "version": 1,
                "name": "look",
                "task": "image_classification",
                "sources": [{**source, **rows(source)} for source in self._found.sources],
                "clean": {"budget": {"default": 1.0}},
                "split": {"test": 0.2},
                "transform": {"size": [_SIDE, _SIDE], "channels": 1},
                "model": {"kind": "mlp"},
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
