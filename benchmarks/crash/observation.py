"""What is seen of one run: values only, so that the verdict can be tested without any Airflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Epoch = tuple[float, int]
"""When an epoch ended, in seconds since the Unix epoch, and its number, from 1."""


@dataclass
class Seen:
    """What the watcher saw while a run was on its way.

    Attributes:
        epochs: that were reported, in the order of time.
        alive: most jobs alive at once, by key: processes and containers.
        began, ended: when a training job was first and last seen; seconds, monotonic.
    """

    epochs: set[Epoch] = field(default_factory=set)
    alive: dict[str, int] = field(default_factory=dict)
    began: float | None = None
    ended: float | None = None

    def count(self, alive: Mapping[str, int], now: float) -> None:
        """Add a sample: how many jobs are alive now, by key."""
        for key, number in alive.items():
            self.alive[key] = max(number, self.alive.get(key, 0))
        if alive:
            self.began = now if self.began is None else self.began
            self.ended = now


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        state: by Airflow: ``success`` or ``failed``; anything else did not end.
        recorded: by the catalog: ``done`` or ``failed``.
        outputs: digests of artifacts, by stage and partition.
        rows: of the prediction table, without when and by which run they were written.
        versions, promotions, batches: how many the catalog has.
        left: jobs and containers that are still there.
        epochs: that were reported, in the order of time. alive: see `Seen`.
        seconds: from the trigger to the end. reaped: ended containers that the reaper took.
    """

    state: str
    recorded: str
    outputs: Mapping[str, str]
    rows: tuple[tuple[object, ...], ...]
    versions: int
    promotions: int
    batches: int
    left: tuple[str, ...]
    epochs: tuple[Epoch, ...]
    alive: Mapping[str, int]
    seconds: float
    reaped: int = 0
