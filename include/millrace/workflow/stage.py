"""The contract between a stage and whatever executes it. No stage lives here.

A stage is a pure function ``run(context) -> StageResult``: it reads artifacts of
`StageContext.inputs`, writes files into `StageContext.output`, and says what they are. It does not
know keys, caches, runs or Airflow; `millrace.jobs` does all of that around every stage alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from millrace.artifacts.artifact import Artifact


@dataclass(frozen=True)
class Counts:
    """How a stage's records reconcile: ``received = accepted + quarantined + duplicates``."""

    received: int
    accepted: int
    quarantined: int = 0
    duplicates: int = 0

    @property
    def reconciles(self) -> bool:
        """Whether no record was lost or invented."""
        return self.received == self.accepted + self.quarantined + self.duplicates

    def to_document(self) -> dict[str, int]:
        """Return the counts as JSON values."""
        return dict(vars(self))


class Checkpoints(Protocol):
    """Small durable files of an unfinished execution, kept under its key, newest wins."""

    def save(self, name: str, path: Path) -> None:
        """Store the file at `path` under `name`, atomically; replaces an older one."""

    def load(self, name: str, path: Path) -> bool:
        """Fetch `name` to `path`; return False where there is none (or it is damaged)."""


Hold = Callable[[], AbstractContextManager[None]]
"""``with hold():`` puts the end of the process that a signal asks for off to the block's end."""


@dataclass(frozen=True)
class StageContext:
    """All that a stage may see.

    Attributes:
        params: the stage's own parameters, JSON values; part of the key.
        locations: where things outside the store are (URIs); not part of the key, so they must not
            change the result.
        inputs: artifacts by role; most roles have exactly one.
        output: empty folder for the stage's files.
        scratch: empty folder that is thrown away afterwards.
        checkpoints: durable files of an earlier, interrupted execution of the same key.
        report: called with JSON values to show progress, e.g. ``{"epoch": 3, "epochs": 12}``.
        hold: around changes that belong together and take less than a second. Anywhere else
            SIGTERM may end the stage, as `SystemExit`; one that keeps checkpoints catches it,
            saves what it has within 2 seconds, and raises it again.
    """

    params: Mapping[str, Any]
    locations: Mapping[str, Any]
    inputs: Mapping[str, Sequence[Artifact]]
    output: Path
    scratch: Path
    checkpoints: Checkpoints
    report: Callable[[Mapping[str, Any]], None]
    hold: Hold = nullcontext

    def one(self, role: str) -> Artifact:
        """Return the only artifact of `role`."""
        (artifact,) = self.inputs[role]
        return artifact

    def optional(self, role: str) -> Artifact | None:
        """Return the only artifact of `role`, or None where the role was left out."""
        found = self.inputs.get(role, ())
        return found[0] if found else None


@dataclass(frozen=True)
class StageResult:
    """What a stage made. The files are all that lies in `StageContext.output`.

    Attributes:
        kind: of the artifact: ``partitions``, ``records``, ``dataset``, ``bundle``, …
        rows: records in the artifact, where that means something.
        facts: JSON values that belong to the artifact; part of its digest, so nothing in it may
            depend on time, host or path.
        counts: how the records reconcile; checked by the executor, and kept in the facts.
        metrics: name to figure, for the catalog.
        derived: file names (shell patterns) whose bytes vary from run to run; see `FileEntry`.
    """

    kind: str
    rows: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    counts: Counts | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    derived: Sequence[str] = ()
