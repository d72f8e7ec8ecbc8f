"""`choose`: what is chosen for data of any modality: its split, its budget, its gate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from millrace.workflow.proposing.seen import Seen

SMALLEST_CLASS = 3
"""Records of a class, at least: fewer cannot be in train, validation and test."""

_FEW = 1_000  # records
_UNEVEN = 3.0  # ratio of the largest class to the smallest
_TOLERATED = 0.03  # share of refusals that the default budget of 0.05 leaves room for


@dataclass(frozen=True)
class Choices:
    """The numbers of a spec, each of a field of that name.

    Attributes:
        train: records to train on, about. batch: records of a step.
        balanced: whether classes are weighed.
        positive: the rarer of two uneven classes; null where there is none.
        gate: accuracy. left_out: classes that are too small to split: those with fewer
            than `smallest` records. budget: by reason; empty for the default.
    """

    validation: float
    test: float
    train: int
    batch: int
    balanced: bool
    positive: str | None
    gate: float
    seed: int
    smallest: int
    left_out: tuple[str, ...] = ()
    budget: Mapping[str, float] = field(default_factory=dict)

    def epochs(self, steps: int, fewest: int, most: int) -> int:
        """Return passes that make about so many steps in all."""
        return max(fewest, min(most, round(steps * self.batch / self.train)))


def choose(seen: Seen, seed: int = 7, smallest: int = SMALLEST_CLASS) -> Choices:
    """Return the choices for what was seen.

    Args:
        seed: of the split. smallest: records of a class, below which it is left out.
    """
    fixed_test = "test" in seen.fixed
    scale = seen.total / max(seen.looked_at, 1)
    classes = seen.classes if seen.tells_classes else {}
    left_out = tuple(sorted(c for c, n in classes.items() if n * scale < smallest))
    kept = {label: count for label, count in classes.items() if label not in left_out}
    train = max(1, round(seen.learnable * (0.9 if fixed_test else 0.7)))
    uneven = bool(kept) and max(kept.values()) > _UNEVEN * min(kept.values())
    return Choices(
        validation=0.15 if seen.learnable < _FEW else 0.1,
        test=0.0 if fixed_test else 0.2,
        train=train,
        batch=16 if train < _FEW else 32 if train < 8_000 else 64 if train < 30_000 else 128,
        balanced=uneven,
        positive=min(kept, key=lambda label: kept[label]) if uneven and len(kept) == 2 else None,
        gate=_gate(seen.largest_share),
        seed=seed,
        smallest=smallest,
        left_out=left_out,
        budget=_budget(seen, left_out),
    )


def _gate(share: float) -> float:
    """Return an accuracy well above always guessing the largest class, rounded down."""
    return math.floor(100 * (share + 0.25 * (1 - share))) / 100


def _budget(seen: Seen, left_out: tuple[str, ...]) -> dict[str, float]:
    shares = {reason: count / max(seen.looked_at, 1) for reason, count in seen.refused.items()}
    missing = sum(seen.classes[label] for label in left_out) / max(seen.looked_at, 1)
    if missing:
        shares["missing_label"] = shares.get("missing_label", 0.0) + missing
    return {
        reason: min(1.0, math.ceil(round(150 * share + 1, 6)) / 100)
        for reason, share in sorted(shares.items())
        if share > _TOLERATED
    }
