"""What a spec says of cleaning, transforming and augmenting CT slices. Every number has its unit.

Hounsfield units (HU): -1000 is air, 0 is water. Slices of 8 bits have none: whoever wrote them
chose a window, and that is not undone.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from millrace.workflow.base import Fraction, Name, Value
from millrace.workflow.contents import CustomFunction
from millrace.workflow.images import ImageAugmentation, ImageCleaning, Pixels

Hounsfield = Annotated[float, Field(ge=-32_768, le=32_767)]
Width = Annotated[float, Field(gt=0, le=65_535)]
Millimetres = Annotated[float, Field(gt=0, le=100)]

NEAREST = 0.1
"""Millimetres to a neighbouring slice, at least."""


class WindowChannel(Value):
    """The slice through a window: black below it, white above it.

    Slices of 8 bits are taken as they are, since they were written through a window already.

    Attributes:
        name: of the channel. centre, width: of the window, HU.
    """

    name: Name
    kind: Literal["window"]
    centre: Hounsfield = 40.0
    width: Width = 80.0


class NeighbourChannel(Value):
    """A slice of the same series that lies above or below, through a window, where the head is in
    the slice itself.

    It is the slice nearest to the wanted place, no farther from it than half the distance. Where
    there is none, the slice itself is shown again: at a series' ends and gaps, beside a slice that
    was refused, and where no place is known, as of slices of 8 bits. A neighbour is of the same
    source, series and group (the patient), of the same size and spacing.

    Attributes:
        name: of the channel. of: the window channel whose window it is.
        distance: millimetres along the normal of the slices' plane; of axial slices, those above 0
            lie nearer to the top of the head, those below 0 nearer to the feet.
    """

    name: Name
    kind: Literal["neighbour"]
    of: Name
    distance: Annotated[float, Field(ge=-100, le=100)]

    @field_validator("distance")
    @classmethod
    def _be_elsewhere(cls, distance: float) -> float:
        if abs(distance) < NEAREST:
            raise ValueError(f"at least {NEAREST} mm to either side: 0 is the slice itself")
        return distance


class MirrorChannel(Value):
    """What differs between left and right: a channel less its mirror image; grey is no difference.

    The mirror is the middle of the head. Noise is smoothed before.

    Attributes:
        name: of the channel. of: the window channel that is compared.
        smooth: standard deviation of the Gaussian filter, share of the picture's side.
    """

    name: Name
    kind: Literal["mirror"]
    of: Name
    smooth: Annotated[float, Field(ge=0, le=0.2)] = 0.0134


class ContrastChannel(Value):
    """How far a pixel stands out: its distance from the mean of its surroundings within the head,
    in their standard deviations; grey is none.

    Attributes:
        name: of the channel. of: the window channel that is looked at.
        reach: side of the surroundings, share of the picture's side.
    """

    name: Name
    kind: Literal["contrast"]
    of: Name
    reach: Annotated[float, Field(gt=0, le=1)] = 0.125


Channel = Annotated[
    WindowChannel | NeighbourChannel | MirrorChannel | ContrastChannel,
    Field(discriminator="kind"),
]
"""One channel of what the model sees; `kind` tells which."""


class CtCleaning(ImageCleaning):
    """The data contract of CT slices: that of pictures, and a head in each.

    Attributes:
        smallest_head: refused where the head covers less than this share of the slice; null asks
            nothing.
    """

    reasons: ClassVar[tuple[str, ...]] = (*ImageCleaning.reasons, "no_head", "not_hounsfield")
    smallest_head: Fraction | None = 0.05


class CtTransform(Value):
    """The canonical slice: the head alone, as channels of 0 to 255.

    Attributes:
        size: ``[height, width]`` in pixels.
        channels: what the model sees, in order; see their classes.
        head: ``crop`` to the head's box and black out what is around the head, such as the table;
            ``keep`` the slice.
        margin: space around the head's box, share of the box on each side.
        spacing: ``[row, column]`` in millimetres that a pixel of the canonical slice stands for;
            slices whose spacing is unknown fill the size instead, as all do where this is null.
        custom: the user's own function over each canonical batch, ``package.module:function``.
    """

    size: tuple[Pixels, Pixels] = Field(strict=False)
    channels: tuple[Channel, ...] = Field(
        (
            WindowChannel(name="brain", kind="window", centre=40.0, width=80.0),
            WindowChannel(name="subdural", kind="window", centre=80.0, width=200.0),
            WindowChannel(name="bone", kind="window", centre=600.0, width=2800.0),
        ),
        min_length=1,
        max_length=16,
        strict=False,
    )
    head: Literal["crop", "keep"] = "crop"
    margin: Annotated[float, Field(ge=0, le=1)] = 0.0
    spacing: tuple[Millimetres, Millimetres] | None = Field(None, strict=False)
    custom: CustomFunction | None = None

    @field_validator("channels")
    @classmethod
    def _refer_to_windows(cls, channels: tuple[Channel, ...]) -> tuple[Channel, ...]:
        names = [channel.name for channel in channels]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"channels of different names, not {', '.join(twice)} twice")
        windows = [channel.name for channel in channels if channel.kind == "window"]
        for channel in channels:
            if not isinstance(channel, WindowChannel) and channel.of not in windows:
                raise ValueError(
                    f"`of: {channel.of}` of the channel {channel.name} names no window channel; "
                    f"there is {', '.join(windows) or 'none'}"
                )
        return channels


class CtAugmentation(ImageAugmentation):
    """Random changes to training slices, such as another scanner or another patient would make.

    On by default, and never upside down; see `ImageAugmentation` for the fields it shares.
    `contrast` widens and narrows windows; `brightness` moves their centre, of window channels
    and neighbours alone.

    Attributes:
        blur: largest share of a blurred copy (Gaussian, 1 pixel) that replaces the slice.
    """

    shift: Annotated[float, Field(ge=0, le=0.5)] = 0.06
    rotate: Annotated[float, Field(ge=0, le=180)] = 15.0
    zoom: Annotated[float, Field(ge=0, le=0.9)] = 0.12
    flip: Literal["none", "horizontal", "vertical", "both"] = "horizontal"
    brightness: Fraction = 0.1
    contrast: Fraction = 0.25
    noise: Fraction = 0.03
    cutout: Fraction = 0.25
    blur: Fraction = 0.5
