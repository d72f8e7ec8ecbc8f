"""What the catalog's queries return: frozen values, free of any database session.

`id` grows with every record and is the only order that is relied upon: clocks may be set back.
Moments are aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from millrace.artifacts.reference import ArtifactRef

RunState = Literal["running", "done", "failed"]
ExecutionState = Literal["running", "done", "cached", "failed", "lost"]
Decision = Literal["promoted", "rolled_back", "refused", "rejected", "kept"]


@dataclass(frozen=True)
class RunRecord:
    """One run of a workflow's DAG; identified by (`dag_id`, `run_id`), or shorter by `id`.

    Attributes:
        spec: the workflow spec that the run used, JSON values.
        trigger: what started it: ``manual``, ``scheduled``, ``asset``, …
        version: of Millrace.
        error: of a failed run, as `MillraceError.to_document` gives it.
        started_at: of the first attempt, however often the run was cleared.
        corrections: artifacts of corrected records that the run uses, by source.
        kept: why garbage collection must spare the run, or None.
    """

    id: int
    dag_id: str
    run_id: str
    workflow: str
    spec: Mapping[str, Any]
    spec_digest: str
    params: Mapping[str, Any]
    trigger: str
    version: str
    state: RunState
    error: Mapping[str, Any] | None
    started_at: datetime
    finished_at: datetime | None
    corrections: Mapping[str, Any] | None = None
    kept: str | None = None


@dataclass(frozen=True)
class Forgotten:
    """That somebody's records were removed, and are left out from then on.

    Attributes:
        workflow: None is all of them. pseudonym: of whom.
        counts: what went, by what it is. models: versions that were trained on it.
        actor: who decided it.
    """

    id: int
    workflow: str | None
    pseudonym: str
    counts: Mapping[str, int]
    models: Sequence[str]
    actor: str
    recorded_at: datetime


@dataclass(frozen=True)
class Correction:
    """Corrected records of one source; the latest of a source is in force.

    Attributes:
        ref: artifact of kind ``corrections``. rows: records in it.
        actor: who recorded them.
    """

    id: int
    workflow: str
    source: str
    ref: ArtifactRef
    rows: int
    actor: str
    recorded_at: datetime


@dataclass(frozen=True)
class InputRecord:
    """An artifact that an execution read, and as what."""

    role: str
    ref: ArtifactRef


@dataclass(frozen=True)
class ExecutionRecord:
    """One attempt at a stage, for one partition or for all (`partition` is None).

    Attributes:
        run: id of the `RunRecord`.
        state: ``lost`` is an attempt that never ended and was begun again.
        reason: why the result came from the cache, or why it could not.
        seconds: wall time. peak_memory_bytes: largest resident size.
        metrics: name to figure; NaN where the stage measured none.
    """

    id: int
    run: int
    workflow: str
    stage: str
    partition: str | None
    key: str
    key_parts: Mapping[str, Any]
    inputs: tuple[InputRecord, ...]
    attempt: int
    host: str
    state: ExecutionState
    reason: str | None
    output: ArtifactRef | None
    counts: Mapping[str, int] | None
    metrics: Mapping[str, float]
    seconds: float | None
    peak_memory_bytes: int | None
    error: Mapping[str, Any] | None
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class ModelVersion:
    """A bundle of a workflow, numbered 1, 2, 3, … in the order of registration."""

    id: int
    workflow: str
    version: int
    bundle: ArtifactRef
    run: int | None
    metrics: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True)
class Promotion:
    """A decision about a model version; never changed, never removed.

    Attributes:
        term: 1, 2, 3, … of the workflow's champions; None where the champion stayed.
        replaced: version of the champion when it was decided, or None.
        actor: who decided: ``gate`` or a person.
        approver, approved_at: the person who was asked, and when the answer came; None where
            nobody was.
    """

    id: int
    workflow: str
    version: int
    decision: Decision
    term: int | None
    replaced: int | None
    reason: str
    actor: str
    run: int | None
    decided_at: datetime
    approver: str | None = None
    approved_at: datetime | None = None


@dataclass(frozen=True)
class ApprovalRequest:
    """What a person is asked before a run makes a version champion, and the answer.

    Attributes:
        champion: version that it was compared with, or None.
        taken: references of what was judged, as `promote` takes them.
        approved: the answer; None while nobody has answered.
        approver, note, answered_at: whose, why, and when.
    """

    id: int
    workflow: str
    run: int
    version: int
    champion: int | None
    taken: Mapping[str, Any]
    asked_at: datetime
    approved: bool | None
    approver: str | None
    note: str | None
    answered_at: datetime | None


@dataclass(frozen=True)
class PredictionBatch:
    """One artifact scored by one model version.

    Attributes:
        key: of the predictions artifact.
        source_digest: digest of the artifact that was scored.
        rows: records scored.
        table: SQL table that holds the predictions too, or None.
    """

    id: int
    workflow: str
    run: int | None
    key: str
    source_digest: str
    model_version: int
    rows: int
    table: str | None
    predictions: ArtifactRef
    recorded_at: datetime
