"""The wrapper around every stage: key, cache, single flight, runtime, commit, record.

This is the only place that decides whether a stage runs.
"""

from __future__ import annotations

import dataclasses
import logging
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.reference import ArtifactRef
from millrace.artifacts.store import Store
from millrace.errors import IntegrityError, MillraceError, TransientError
from millrace.jobs.damage import with_maker
from millrace.jobs.keys import Inputs, explain_miss, key_of, key_parts
from millrace.jobs.locks import key_lock
from millrace.jobs.progress import Event
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes import Place, here
from millrace.jobs.stages import Stage, stage_named
from millrace.jobs.upkeep import tidy_daily

if TYPE_CHECKING:
    from millrace.catalog.catalog import Catalog

_TRIES = 3  # to make an artifact that is collected while it is made
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What is wanted: a stage with its parameters and inputs, for a partition or for the whole.

    Attributes:
        stage: name. params: keyed. inputs: references by role. locations: unkeyed.
        partition: ``<source>/<index>`` where the stage works on a partition, or a candidate's name.
        sensitivity: label of what it reads outside the store.
    """

    stage: str
    params: Mapping[str, Any]
    inputs: Inputs = field(default_factory=dict)
    locations: Mapping[str, Any] = field(default_factory=dict)
    partition: str | None = None
    sensitivity: str = ""


@dataclass(frozen=True)
class Executor:
    """Executes jobs of one run.

    Attributes:
        store, catalog: where artifacts and their history go.
        home: local folder for locks and temporary files.
        workflow: name. run: the catalog's id of the run. attempt: number of the try, from 1.
        place: where the jobs are performed; on this machine by default.
        force: stages to recompute though they are in the cache.
        report: called with every progress event.
        done: what it executed, with the results, in order.
    """

    store: Store
    catalog: Catalog
    home: Path
    workflow: str
    run: int
    attempt: int = 1
    place: Place | None = None
    force: frozenset[str] = frozenset()
    report: Callable[[Event], None] = lambda event: None
    done: list[tuple[Job, ArtifactRef]] = field(default_factory=list, compare=False)

    def execute(self, job: Job) -> Artifact:
        """Return the job's artifact: from the store, or made now.

        Raises:
            MillraceError: of the kind that tells whether a retry may help.
        """
        stage = stage_named(job.stage)
        parts = key_parts(stage, job.params, job.inputs, self._packages(), job.sensitivity)
        key = key_of(parts)
        previous = self.catalog.executions.previous(self.run, job.stage, job.partition)
        record = self.catalog.executions.begin(
            run=self.run,
            stage=job.stage,
            partition=job.partition,
            key=key,
            key_parts=parts,
            inputs=_input_documents(job.inputs),
            attempt=self.attempt,
            host=socket.gethostname(),
        )
        started = time.monotonic()
        for _ in range(_TRIES):
            try:
                artifact, cached, reason = self._obtain(stage, job, key, parts, previous)
            except Exception as error:
                known = self._explained(error, job)
                self._record_failure(record, known, time.monotonic() - started)
                if known is error:
                    raise
                raise known from error
            self._record(record, stage, artifact, cached, reason, time.monotonic() - started)
            if not cached and self.catalog.locks.shared:
                tidy_daily(self.home)
            # Garbage collection spares what the catalog knows, from the moment it knows it.
            if self._find(artifact.ref.key)[0] is not None:
                self.done.append((job, artifact.ref))
                return artifact
        raise TransientError("the store keeps losing an artifact", where=_title(job))

    def _obtain(
        self, stage: Stage, job: Job, key: str, parts: Mapping[str, Any], previous: Any
    ) -> tuple[Artifact, bool, str]:
        """Return the artifact, whether it was there, and why or why not."""
        old_parts = previous.key_parts if previous is not None else None
        request = JobRequest(
            stage=job.stage,
            key=key,
            key_parts=parts,
            params=job.params,
            inputs=job.inputs,
            locations=job.locations,
            attempt=f"{self.run}-{self.attempt}",
            sensitivity=job.sensitivity,
            sealed=self.store.seals,
        )
        if stage.volatile:
            artifact = self._perform(stage, request, replace=False)
            return artifact, False, "looks at the world outside the store in every run"
        forced = job.stage in self.force
        found, _ = (None, False) if forced else self._find(key)
        if found is not None:
            return found, True, "in the store, made from equal inputs"
        with key_lock(self.home / "locks", key, self.catalog.locks):
            found, damaged = (None, False) if forced else self._find(key)
            if found is not None:
                return found, True, "made by another job while this one waited"
            reason = "forced" if forced else explain_miss(parts, old_parts)
            log.info("Executing %s: %s", _title(job), reason)
            made = self._perform(stage, request, replace=forced or damaged)
            return made, False, reason

    def _packages(self) -> Mapping[str, str]:
        return {} if self.place is None else self.place.packages

    def _explained(self, error: Exception, job: Job) -> Exception:
        """Return the error, with what to do about it where the catalog knows more."""
        if not isinstance(error, IntegrityError):
            return error
        inputs = [ref for refs in job.inputs.values() for ref in refs]
        return with_maker(error, inputs, self.store, self.catalog, self.workflow)

    def _find(self, key: str) -> tuple[Artifact | None, bool]:
        """Return the stored artifact of a key, and whether there is one that is damaged."""
        try:
            found = self.store.find(key)
        except IntegrityError as error:
            log.warning("A stored artifact is damaged and is made again: %s", error)
            return None, True
        if found is not None and not self.store.complete(found):
            log.warning("A stored artifact lacks an object and is made again: %s", found.ref.uri)
            return None, True
        return (None if found is None else self.store.as_stored_here(found)), False

    def _perform(self, stage: Stage, request: JobRequest, *, replace: bool) -> Artifact:
        request = dataclasses.replace(request, replace=replace)
        runtime = here(heavy=stage.heavy) if self.place is None else self.place.runtime
        made = runtime(request, self.store, self.home / "scratch", self.report)
        return self.store.as_stored_here(made)

    def _record(
        self,
        record: int,
        stage: Stage,
        artifact: Artifact,
        cached: bool,
        reason: str,
        seconds: float,
    ) -> None:
        made = artifact.manifest.provenance
        state: Literal["cached", "done"] = "cached" if cached else "done"
        log.info("%s %s: %s (%.1f s)", stage.name, state, reason, seconds)
        self.catalog.executions.finish(
            record,
            state=state,
            reason=reason,
            output=artifact.ref,
            counts=artifact.facts.get("counts"),
            metrics=dict(made.get("metrics", {})),
            seconds=seconds,
            peak_memory_bytes=made.get("peak_memory_bytes"),
            error=None,
        )

    def _record_failure(self, record: int, error: Exception, seconds: float) -> None:
        known = error if isinstance(error, MillraceError) else MillraceError(repr(error))
        self.catalog.executions.finish(
            record,
            state="failed",
            reason=known.problem,
            output=None,
            counts=None,
            metrics={},
            seconds=seconds,
            peak_memory_bytes=None,
            error=known.to_document(),
        )


def _input_documents(inputs: Inputs) -> list[dict[str, Any]]:
    return [{"role": role, **ref.to_document()} for role, refs in inputs.items() for ref in refs]


def _title(job: Job) -> str:
    return job.stage if job.partition is None else f"{job.stage} of {job.partition}"
