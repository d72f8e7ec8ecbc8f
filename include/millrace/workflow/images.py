"""What a spec says of cleaning, transforming and augmenting pictures."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from millrace.workflow.base import Fraction, Value
from millrace.workflow.contents import Cleaning, CustomFunction

Pixels = Annotated[int, Field(ge=1, le=4096)]
Side = Annotated[int, Field(ge=1, le=65_535)]
GreyLevel = Annotated[float, Field(ge=0, le=255)]


class Sizes(Value):
    """Limits of a picture's sides, in pixels, before any reduction; null sets none.

    Attributes:
        smallest: both sides have at least this. largest: neither side has more.
    """

    smallest: Side | None = None
    largest: Side | None = None


class NearBlank(Value):
    """When a picture shows too little; null asks nothing. Colours count as grey (ITU-R BT.601).

    Attributes:
        share: refused where more than this share of the pixels have one and the same grey level.
        deviation: refused where the standard deviation of the grey levels, 0 to 255, is below this.
    """

    share: Fraction | None = None
    deviation: GreyLevel | None = None


class Intensity(Value):
    """Limits of a picture's mean grey level, 0 (black) to 255 (white); null sets none.

    Attributes:
        lowest: refused below it. highest: refused above it.
    """

    lowest: GreyLevel | None = None
    highest: GreyLevel | None = None


class ImageCleaning(Cleaning):
    """The data contract of pictures. Whatever breaks it goes to quarantine with a reason code.

    Equal are pictures with equal pixels.

    Attributes:
        shape: ``[height, width]`` in pixels that every picture must have; null accepts any.
        sizes: limits of the sides instead.
        animated: of files with several frames or pages, keep the ``first``, or ``refuse`` them.
        blank_images: ``refuse`` refuses pictures whose pixels are all equal.
        near_blank: limits of what a picture must show.
        intensity: limits of how dark and how bright a picture is on average.
    """

    reasons: ClassVar[tuple[str, ...]] = (
        *("undecodable", "animated", "wrong_shape", "wrong_size"),
        *("blank", "near_blank", "wrong_intensity"),
    )
    shape: tuple[Pixels, Pixels] | None = Field(None, strict=False)
    sizes: Sizes = Sizes()
    animated: Literal["first", "refuse"] = "first"
    blank_images: Literal["refuse", "keep"] = "refuse"
    near_blank: NearBlank = NearBlank()
    intensity: Intensity = Intensity()


class ImageTransform(Value):
    """The canonical picture: height, width and channels that the model sees.

    Attributes:
        size: ``[height, width]`` in pixels.
        channels: 1 (grey) or 3 (RGB).
        resize: ``stretch`` to the size; ``fit`` inside it, padded; ``crop`` to fill it, centred.
        invert: dark becomes light.
        custom: the user's own function over each canonical batch, ``package.module:function``.
    """

    size: tuple[Pixels, Pixels] = Field(strict=False)
    channels: Literal[1, 3]
    resize: Literal["stretch", "fit", "crop"] = "stretch"
    invert: bool = False
    custom: CustomFunction | None = None


class ImageAugmentation(Value):
    """Random changes to training pictures, as layers of the network; off at 0.

    Attributes:
        shift: largest shift, share of the side. rotate: largest angle, degrees.
        zoom: largest change of scale, share. flip: mirrored at random along these axes.
        crop: pixels of padding around before a random crop back to size.
        brightness: largest change, share of the full range. contrast: likewise, as a factor.
        noise: standard deviation of Gaussian noise, share of the full range.
        cutout: side of an erased square, share of the side.
    """

    shift: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    rotate: Annotated[float, Field(ge=0, le=180)] = 0.0
    zoom: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    flip: Literal["none", "horizontal", "vertical", "both"] = "none"
    crop: Annotated[int, Field(ge=0, le=256)] = 0
    brightness: Fraction = 0.0
    contrast: Fraction = 0.0
    noise: Fraction = 0.0
    cutout: Fraction = 0.0
