"""`PictureProposer`: a network for pictures, sized for a plain processor."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import ClassVar

from millrace.workflow.proposing.choices import Choices
from millrace.workflow.proposing.picture_seen import SeenPictures
from millrace.workflow.proposing.proposer import Plan
from millrace.workflow.proposing.scalars import comment, flow

LARGEST_SIDE = 96
"""Pixels; larger pictures are reduced, since a processor's time grows with the square."""

_STEPS = 2_000  # of training, about
_SMALL_SIDE = 40  # pixels; up to it pictures keep their size
_HOUR = 3e9  # pixels that a processor trains on in an hour, about


class PictureProposer:
    """See `millrace.workflow.proposing.proposer.Proposer`."""

    noun: ClassVar[str] = "picture"
    remedy: ClassVar[str] = (
        "Sort the pictures into one folder a class, or put a labels.csv with the columns file and "
        "label beside them."
    )

    def task(self, seen: SeenPictures) -> str:
        """Return the only task."""
        del seen
        return "image_classification"

    def facts(self, seen: SeenPictures) -> Iterator[tuple[str, str]]:
        """Yield sizes and colours."""
        yield "Height", f"{seen.heights} pixels"
        yield "Width", f"{seen.widths} pixels"
        colour = "colour" if seen.colour else "grey"
        yield "Colours", f"{colour}, stored as {_counted(seen.modes)}"
        if seen.formats:
            yield "Files", _counted(seen.formats)

    def plan(self, seen: SeenPictures, choices: Choices) -> Plan:
        """Return a residual network on pictures of a moderate size."""
        size = _size(seen)
        few = choices.train < 8_000
        epochs = choices.epochs(_STEPS, 12, 40)
        train: dict[str, object] = {
            "epochs": epochs,
            "optimizer": "adamw",
            "learning_rate": 0.003,
            "weight_decay": 0.01,
            "warmup": 0.1,
            "average_weights": 0.98 if few else 0.995,
        }
        if seen.colour:
            train["label_smoothing"] = 0.1
        return Plan(
            transform=list(_transform(seen, size)),
            model=list(_model(seen, choices, size)),
            train=train,
            notes=list(_notes(seen, epochs, size)),
        )


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _size(seen: SeenPictures) -> tuple[int, int]:
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


def _augment(seen: SeenPictures, size: tuple[int, int]) -> dict[str, float | int | str]:
    if not seen.colour:
        return {"shift": 0.08, "rotate": 10, "zoom": 0.1}
    crop = max(1, round(min(size) / 8))
    return {"flip": "horizontal", "crop": crop, "brightness": 0.1, "contrast": 0.1}


def _transform(seen: SeenPictures, size: tuple[int, int]) -> Iterator[str]:
    yield from comment(_sizes(seen))
    fields: dict[str, object] = {"size": list(size), "channels": 3 if seen.colour else 1}
    if seen.unlike:
        fields["resize"] = "fit"
    yield f"transform: {flow(fields)}"


def _sizes(seen: SeenPictures) -> str:
    """Return what was seen of the sizes, and what it means."""
    height, width = seen.heights, seen.widths
    if height.uniform and width.uniform:
        told = [f"All pictures are {height} x {width} pixels (height x width)."]
    else:
        told = [f"Heights are {height} pixels, widths {width}."]
    if max(height.median, width.median) > LARGEST_SIDE:
        told.append(
            f"{LARGEST_SIDE} keeps training on a processor quick; with time or a GPU, try more."
        )
    if seen.unlike:
        told.append("Proportions differ: `fit` pads them, so that nothing is cut or distorted.")
    told.append("Colours are kept." if seen.colour else "Their content is grey.")
    return " ".join(told)


def _model(seen: SeenPictures, choices: Choices, size: tuple[int, int]) -> Iterator[str]:
    stages = max(1, min(5, round(math.log2(min(size) / 6)))) if min(size) > 6 else 1
    width = _width(size, choices.train)
    last = max(1, min(size) >> stages)
    times = "once" if stages == 1 else f"{stages} times"
    yield from comment(
        f"About {seen.learnable:,} pictures to learn from. The resolution is halved {times}, to "
        f"{last} pixels, and {width} channels at first keep it quick."
    )
    model: dict[str, object] = {"kind": "cnn", "residual": True, "width": width, "stages": stages}
    if seen.colour:
        model["mirror_average"] = True
    yield f"model: {flow(model)}"
    if seen.colour:
        yield from comment(
            "Photographs may be mirrored. Take flip and mirror_average out for text, signs, or "
            "where left and right matter."
        )
    else:
        yield "# Small shifts and turns only: mirrored digits or letters would be wrong."
    yield f"augment: {flow(_augment(seen, size))}"


def _notes(seen: SeenPictures, epochs: int, size: tuple[int, int]) -> Iterator[str]:
    if seen.coloured and not seen.colour:
        yield (
            f"{seen.coloured:,} of the grey pictures are tinted; the workflow takes all as grey, "
            "so that no tint tells the class."
        )
    if seen.learnable * epochs * size[0] * size[1] > _HOUR:
        yield (
            "training may take more than an hour on a processor; `--param epochs=2` gives a first "
            "look, `--limit 5000` a quick one."
        )
