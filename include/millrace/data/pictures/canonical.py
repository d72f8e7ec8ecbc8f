"""`CanonicalImages`: a batch of clean pictures to the canonical picture that the model sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.artifacts.tables import Images
from millrace.data.pictures.channels import scale, set_channels
from millrace.data.pictures.custom import custom_transform
from millrace.data.pictures.resize import resize


class CanonicalImages:
    """The steps, in order: full range, channels, size, inversion, the user's own function.

    Args:
        params: the values of `millrace.workflow.images.ImageTransform`.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        height, width = params["size"]
        self.shape: tuple[int, int, int] = (height, width, params["channels"])
        self._mode = params.get("resize", "stretch")
        self._invert: bool = params.get("invert", False)
        self._custom = custom_transform(params.get("custom"))

    def __call__(self, images: Images, maximum: int) -> Images:
        """Return canonical ``(rows, height, width, channels)`` pictures; `maximum` was white."""
        made = set_channels(scale(images, maximum), self.shape[2])
        made = resize(made, self.shape[:2], self._mode)
        if self._invert:
            made = 255 - made
        return self._custom(made)
