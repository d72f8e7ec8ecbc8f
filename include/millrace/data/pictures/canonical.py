"""`CanonicalImages`: a batch of clean pictures to the canonical picture that the model sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from millrace.artifacts.tables import Images
from millrace.data.pictures.channels import scale, set_channels
from millrace.data.pictures.resize import resize
from millrace.errors import SpecError
from millrace.workflow.registry import load


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
        self._path: str | None = params.get("custom")
        self._custom: Any = None if self._path is None else load(self._path)

    def __call__(self, images: Images, maximum: int) -> Images:
        """Return canonical ``(rows, height, width, channels)`` pictures; `maximum` was white."""
        made = set_channels(scale(images, maximum), self.shape[2])
        made = resize(made, self.shape[:2], self._mode)
        if self._invert:
            made = 255 - made
        return made if self._custom is None else self._apply(made)

    def _apply(self, images: Images) -> Images:
        try:
            made = self._custom(images.copy())
        except Exception as error:
            raise SpecError(
                "a transform failed",
                where=self._path,
                received=f"{type(error).__name__}: {error}",
                remedy="Correct the function; see millrace.data.pictures for what it receives.",
            ) from error
        if not isinstance(made, np.ndarray) or made.shape != images.shape or made.dtype != np.uint8:
            raise SpecError(
                "a transform must keep the shape and the type of its batch",
                where=self._path,
                expected=f"uint8 {images.shape}",
                received=f"{getattr(made, 'dtype', type(made))} {getattr(made, 'shape', '')}",
            )
        return made
