"""`choose`: a model, its training and its gate for what was seen, sized for a plain processor."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from millrace.workflow.proposing.seen import Seen

LARGEST_SIDE = 96
"""Pixels; larger pictures are reduced, since a processor's time grows with the square."""

SMALLEST_CLASS = 3
"""Records of a class, at least: fewer cannot be in train, validation and test."""

_STEPS = 2_000  # of training, about
_FEW = 1_000  # records
_SMALL_SIDE = 40  # pixels; up to it pictures keep their size
_UNEVEN = 3.0  # ratio of the largest class to the smallest
_TOLERATED = 0.03  # share of refusals that the default budget of 0.05 leaves room for


@dataclass(frozen=True)
class Choices:
    """The numbers of a spec, each of a field of that name.

    Attributes:
        size: ``(height, width)``. left_out: classes that are too small to split: those with fewer
            than `smallest` records.
        augment: fields. budget: by reason; empty for the default.
        gate: accuracy. epochs: passes; of `batch` records a step.
    """

    size: tuple[int, int]
    resize: str
    channels: int
    validation: float
    test: float
    width: int
    stages: int
    mirror: bool
    augment: Mapping[str, float | int | str]
    batch: int
    epochs: int
    average: float
    smoothing: float
    balanced: bool
    gate: float
    seed: int
    smallest: int
    left_out: tuple[str, ...] = ()
    budget: Mapping[str, float] = field(default_factory=dict)


def choose(seen: Seen, seed: int = 7, smallest: int = SMALLEST_CLASS) -> Choices:
    """Return the choices for what was seen.

    Args:
        seed: of the split. smallest: records of a class, below which it is left out.
    """
    size = _size(seen)
    fixed_test = "test" in seen.fixed
    scale = seen.total / max(seen.looked_at, 1)
    left_out = tuple(sorted(c for c, n in seen.classes.items() if n * scale < smallest))
    kept = {label: count for label, count in seen.classes.items() if label not in left_out}
    train = max(1, round(seen.learnable * (0.9 if fixed_test else 0.7)))
    batch = 16 if train < _FEW else 32 if train < 8_000 else 64 if train < 30_000 else 128
    few = train < 8_000
    return Choices(
        size=size,
        resize="fit" if seen.unlike else "stretch",
        channels=3 if seen.colour else 1,
        validation=0.15 if seen.learnable < _FEW else 0.1,
        test=0.0 if fixed_test else 0.2,
        width=_width(size, train),
        stages=max(1, min(5, round(math.log2(min(size) / 6)))) if min(size) > 6 else 1,
        mirror=seen.colour,
        augment=_augment(seen, size),
        batch=batch,
        epochs=max(12, min(40, round(_STEPS * batch / train))),
        average=0.98 if few else 0.995,
        smoothing=0.1 if seen.colour else 0.0,
        balanced=bool(kept) and max(kept.values()) > _UNEVEN * min(kept.values()),
        gate=_gate(seen.largest_share),
        seed=seed,
        smallest=smallest,
        left_out=left_out,
        budget=_budget(seen, left_out),
    )


def _size(seen: Seen) -> tuple[int, int]:
    height, width = seen.heights.median, seen.widths.median
    largest = max(height, width)
    if seen.unlike:
        side = min(LARGEST_SIDE, largest)
        return _even(side), _even(side)
    if largest <= _SMALL_SIDE:
        return height, width
    factor = min(1.0, LARGEST_SIDE / largest)
    return _even(height * factor), _even(width * factor)


def _even(side: float) -> int:
    """Return a multiple of 8 near `side`, from 8: it can be halved three times."""
    return max(8, round(side / 8) * 8)


def _width(size: tuple[int, int], train: int) -> int:
    pixels = size[0] * size[1]
    if pixels <= 16 * 16:
        return 64
    if pixels <= 48 * 48:
        return 64 if train >= 20_000 else 32
    return 16


def _augment(seen: Seen, size: tuple[int, int]) -> dict[str, float | int | str]:
    if not seen.colour:
        return {"shift": 0.08, "rotate": 10, "zoom": 0.1}
    crop = max(1, round(min(size) / 8))
    return {"flip": "horizontal", "crop": crop, "brightness": 0.1, "contrast": 0.1}


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
