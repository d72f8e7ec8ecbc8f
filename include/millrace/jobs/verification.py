"""Verify a run: do its stages again on their recorded inputs and compare what comes out.

Everything new goes into a scratch store; the installation's store is only read, its catalog too.
Each stage gets exactly what it got then, so a difference is that stage's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.reference import ArtifactRef
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.catalog.records import ExecutionRecord, RunRecord
from millrace.data.sources.partition import split_document
from millrace.errors import DataError, MillraceError, SpecError, TransientError, shorten
from millrace.jobs import stages as table
from millrace.jobs.progress import Event
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes import here
from millrace.jobs.stages import stage_named
from millrace.jobs.verification_causes import causes, differences, outdated
from millrace.workflow.params import predict_params
from millrace.workflow.tasks import parse

State = Literal["same", "differs", "source", "gone", "skipped"]
_SOURCES = ("discover", "collect")


@dataclass(frozen=True)
class Finding:
    """What came of doing one stage again.

    Attributes:
        execution: as recorded.
        state: ``same``; ``differs``; ``source``: what it read outside the store is gone or changed,
            so nothing can be said; ``gone``: an input was collected; ``skipped``: not asked for.
        reasons: sentences: what differs, and what else is different from then.
    """

    execution: ExecutionRecord
    state: State
    seconds: float = 0.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verifier:
    """Verifies runs of one installation.

    Attributes:
        scratch: empty folder; the caller removes it.
        report: called with the progress of stages.
    """

    store: Store
    catalog: Catalog
    scratch: Path
    report: Callable[[Event], None] = field(default=lambda event: None)

    def verify(
        self, run: RunRecord, stages: Collection[str] = (), skip: Collection[str] = ()
    ) -> Iterator[Finding]:
        """Yield a finding for every recorded result of the run, in the order of the work.

        Args:
            stages: only these; all where empty. skip: but not these.

        Raises:
            SpecError: the run has no results, or a stage is none.
            TransientError: the surroundings failed; nothing is said about the stage.
        """
        for name in (*stages, *skip):
            stage_named(name)
        executions = _results(self.catalog.executions.of_run(run.id))
        if not executions:
            raise SpecError("the run has no results to verify", where=f"run {run.id}")
        place, seals = self.scratch / "store", bool(run.spec.get("encryption"))
        made = Store(place.as_uri(), self.scratch / "cache", seals=seals)
        remake = _Remake(self, run, made, executions)
        for one in executions:
            wanted = (not stages or one.stage in stages) and one.stage not in skip
            yield remake.finding(one) if wanted else Finding(one, "skipped")


@dataclass(frozen=True)
class _Remake:
    """Does the stages of one run again, in a store of their own."""

    verifier: Verifier
    run: RunRecord
    made: Store
    executions: list[ExecutionRecord]

    def finding(self, execution: ExecutionRecord) -> Finding:
        """Do a stage again and compare."""
        began = time.monotonic()
        try:
            for one in execution.inputs:
                self._bring(one.ref)
        except DataError as error:
            return Finding(execution, "gone", 0.0, (str(error),))
        try:
            artifact = self._perform(execution)
        except TransientError:
            raise
        except Exception as error:  # code of today may not even take the parameters of then
            return self._failed(execution, error, time.monotonic() - began)
        return self._compare(execution, artifact, time.monotonic() - began)

    def _failed(self, execution: ExecutionRecord, error: Exception, seconds: float) -> Finding:
        known = isinstance(error, MillraceError)
        if known and execution.stage in _SOURCES:
            return Finding(execution, "source", seconds, (str(error),))
        said = str(error) if known else f"it fails now: {shorten(repr(error))}"
        reasons = (said, *causes(execution, self._original(execution)))
        return Finding(execution, "differs", seconds, reasons)

    def _bring(self, ref: ArtifactRef) -> None:
        """Have an input in the scratch store as it was then: made again, or copied."""
        present = self.made.find(ref.key)
        if present is not None and present.manifest.digest == ref.digest:
            return
        original = self.verifier.store.get(ref)
        files = original.manifest.files
        put = self.made.put_all(self.verifier.store.fetch(files.values()))
        brought = {
            name: replace(entry, derived=files[name].derived)
            for name, entry in zip(files, put, strict=True)
        }
        manifest = replace(original.manifest, files=brought)
        self.made.publish(manifest, replace=present is not None)

    def _perform(self, execution: ExecutionRecord) -> Artifact:
        inputs: dict[str, list[ArtifactRef]] = {}
        for one in execution.inputs:
            inputs.setdefault(one.role, []).append(one.ref)
        request = JobRequest(
            stage=execution.stage,
            key=execution.key,
            key_parts=execution.key_parts,
            params=execution.key_parts["params"],
            inputs=inputs,
            locations=self._locations(execution),
            attempt="verify",
            sensitivity=execution.key_parts.get("sensitivity", ""),
            sealed=self.made.seals,
        )
        runtime = here(heavy=stage_named(execution.stage).heavy)
        return runtime(request, self.made, self.verifier.scratch / "work", self.verifier.report)

    def _locations(self, execution: ExecutionRecord) -> Mapping[str, Any]:
        """Return where the stage found what lies outside the store."""
        recorded = self._recorded_locations(execution)
        if execution.stage not in _SOURCES:
            return recorded
        sources = {source["name"]: source for source in _sources(self.run)}
        if execution.stage == "discover":
            return {"sources": list(sources.values())}
        name = str(execution.partition).rpartition("/")[0]
        at = self._partitions().get(str(execution.partition), recorded.get("at", {}))
        return {"source": sources[name], "at": at}

    def _recorded_locations(self, execution: ExecutionRecord) -> Mapping[str, Any]:
        """Return the locations that are written beside whatever lies under the result's key now."""
        try:
            stored = self.verifier.store.find(execution.output.key) if execution.output else None
        except DataError:
            return {}
        return {} if stored is None else stored.manifest.provenance.get("locations", {})

    def _partitions(self) -> dict[str, Mapping[str, Any]]:
        """Return where the run's partitions were, by name, as far as that is still known."""
        found = [e for e in self.executions if e.stage == "discover"]
        artifact = self._original(found[-1]) if found else None
        listed = [] if artifact is None else artifact.facts["partitions"]
        return {f"{one['source']}/{one['index']}": split_document(one)[1] for one in listed}

    def _original(self, execution: ExecutionRecord) -> Artifact | None:
        """Return what the stage made then; None where that was collected or is damaged."""
        try:
            return None if execution.output is None else self.verifier.store.get(execution.output)
        except DataError:
            return None

    def _compare(self, execution: ExecutionRecord, made: Artifact, seconds: float) -> Finding:
        original = self._original(execution)
        if execution.output is not None and made.manifest.digest == execution.output.digest:
            return Finding(execution, "same", seconds)
        if execution.stage == "gate" and original is not None:  # it also measures time
            before, now = original.facts.get("decision"), made.facts.get("decision")
            if before == now:
                return Finding(execution, "same", seconds)
        found = differences(execution, original, made)
        if execution.stage == "discover" or (
            execution.stage == "collect" and not outdated(execution)
        ):
            return Finding(execution, "source", seconds, found)
        return Finding(execution, "differs", seconds, found + causes(execution, original))


def _results(executions: list[ExecutionRecord]) -> list[ExecutionRecord]:
    """Return the last result of each stage and partition, in the order of the stages."""
    last = {(e.stage, e.partition): e for e in executions if e.output is not None}
    order = list(table.STAGES)
    return sorted(last.values(), key=lambda e: (order.index(e.stage), e.id))


def _sources(run: RunRecord) -> list[dict[str, Any]]:
    """Return the documents of the sources that the run was told to read; no original is kept."""
    spec = parse(run.spec)
    chosen: Any = spec.sources
    if run.dag_id != run.workflow:  # a prediction run
        chosen = predict_params(run.params).sources or spec.predict.sources or spec.sources
    return [_discarding(document) for document in spec.documents(chosen)]


def _discarding(document: dict[str, Any]) -> dict[str, Any]:
    if "privacy" not in document:
        return document
    return document | {"privacy": document["privacy"] | {"originals": "discard"}}
