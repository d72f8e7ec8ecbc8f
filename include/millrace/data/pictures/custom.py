"""`custom_transform`: the user's own function over a canonical batch; it must keep its form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from millrace.artifacts.tables import Images
from millrace.errors import SpecError
from millrace.workflow.registry import load


def custom_transform(path: str | None) -> Callable[[Images], Images]:
    """Return what applies the function at ``package.module:function``; None changes nothing.

    Raises:
        SpecError: it cannot be imported; later, it fails or changes the shape or the type.
    """
    if path is None:
        return lambda images: images
    function = load(path)
    return lambda images: _apply(path, function, images)


def _apply(path: str, function: Any, images: Images) -> Images:
    try:
        made = function(images.copy())
    except Exception as error:
        raise SpecError(
            "a transform failed",
            where=path,
            received=f"{type(error).__name__}: {error}",
            remedy="Correct the function; see millrace.data.pictures for what it receives.",
        ) from error
    if not isinstance(made, np.ndarray) or made.shape != images.shape or made.dtype != np.uint8:
        raise SpecError(
            "a transform must keep the shape and the type of its batch",
            where=path,
            expected=f"uint8 {images.shape}",
            received=f"{getattr(made, 'dtype', type(made))} {getattr(made, 'shape', '')}",
        )
    return made
