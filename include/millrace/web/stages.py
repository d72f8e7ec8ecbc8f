"""`stage_rows`: a run's executions, together by stage; only the last attempt of each counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.records import ExecutionRecord

COUNTS = ("received", "accepted", "quarantined", "duplicates")


@dataclass(frozen=True)
class StageRow:
    """One stage of a run, all its partitions together.

    Attributes:
        state: the state that needs most attention among the partitions'.
        states: e.g. ``2 done, 1 cached``.
        reasons: why they ran or were cached; each reason with the number of partitions.
        seconds: of work, over all partitions; None where none has ended.
        peak_memory_bytes: of the largest one. rows: by `COUNTS`, or None.
        executions: the last attempt of each partition.
    """

    name: str
    state: str
    states: str
    reasons: tuple[tuple[str, int], ...]
    seconds: float | None
    peak_memory_bytes: int | None
    rows: dict[str, int] | None
    executions: tuple[ExecutionRecord, ...]

    @property
    def output(self) -> ArtifactRef | None:
        """The result of a stage that is not partitioned."""
        return self.executions[0].output if len(self.executions) == 1 else None


def stage_rows(executions: Iterable[ExecutionRecord]) -> list[StageRow]:
    """Return a row a stage, in the order in which they first began."""
    last: dict[str, dict[str | None, ExecutionRecord]] = {}
    for one in executions:
        last.setdefault(one.stage, {})[one.partition] = one
    return [_row(name, tuple(parts.values())) for name, parts in last.items()]


def _row(name: str, parts: tuple[ExecutionRecord, ...]) -> StageRow:
    states: Counter[str] = Counter(one.state for one in parts)
    return StageRow(
        name=name,
        state=_worst(states),
        states=_together(states),
        reasons=tuple(Counter(one.reason for one in parts if one.reason).most_common()),
        seconds=_sum([one.seconds for one in parts if one.seconds is not None]),
        peak_memory_bytes=max((one.peak_memory_bytes or 0 for one in parts), default=0) or None,
        rows=_rows(parts),
        executions=parts,
    )


def _worst(states: Counter[str]) -> str:
    order = ("failed", "lost", "running", "done", "cached")
    return next((state for state in order if state in states), "done")


def _together(states: Counter[str]) -> str:
    if len(states) == 1:
        return next(iter(states))
    return ", ".join(f"{number:,} {state}" for state, number in states.most_common())


def _sum(seconds: Sequence[float]) -> float | None:
    return sum(seconds) if seconds else None


def _rows(parts: Iterable[ExecutionRecord]) -> dict[str, int] | None:
    counted = [one.counts for one in parts if one.counts]
    if not counted:
        return None
    return {name: sum(counts.get(name, 0) for counts in counted) for name in COUNTS}
