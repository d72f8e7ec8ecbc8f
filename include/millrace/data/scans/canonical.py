"""`CanonicalSlices`: a clean slice to what the model sees of it: the head, as channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.artifacts.tables import Images
from millrace.data.scans.channels import Channel, Levels, further_channel, window
from millrace.data.scans.geometry import Box, Frame, resampled
from millrace.data.scans.head import Mask, box_of, head_mask
from millrace.data.scans.slices import Slice


class CanonicalSlices:
    """The steps, in order: head, windows, box, spacing and size, neighbours, further channels.

    Args:
        params: the values of `millrace.workflow.ct.CtTransform`.

    Attributes:
        shape: ``(height, width, channels)`` of what is made.
        distances: of the neighbours that are shown, millimetres, in the order of their channels.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        height, width = params["size"]
        self._channels = list(params["channels"])
        self.shape: tuple[int, int, int] = (height, width, len(self._channels))
        self._windows = {c["name"]: c for c in self._channels if c["kind"] == "window"}
        self._neighbours = {c["name"]: c for c in self._channels if c["kind"] == "neighbour"}
        self.distances: list[float] = [c["distance"] for c in self._neighbours.values()]
        self._crop = params.get("head", "crop") == "crop"
        self._frame = Frame((height, width), params.get("margin", 0.0), params.get("spacing"))

    def __call__(self, one: Slice, near: Sequence[Slice | None] = ()) -> Images:
        """Return the canonical slice ``(height, width, channels)``.

        Args:
            near: a slice for each of `distances`; None, as none at all, shows the slice itself.
        """
        mask = head_mask(one)
        if not self._crop or not mask.any():
            mask = np.ones(one.values.shape, bool)
        box = self._frame.box(box_of(mask), one.spacing)
        inside = self._resampled(mask, box) > 0.5
        shown = {name: self._window(one, mask, box, c) for name, c in self._windows.items()}
        beside = dict(zip(self._neighbours, near, strict=False))
        made: list[Channel] = []
        for channel in self._channels:
            name, other = channel["name"], beside.get(channel["name"])
            if other is not None:
                made.append(self._window(other, mask, box, self._windows[channel["of"]]))
            elif name in self._neighbours:
                made.append(shown[channel["of"]])
            else:
                made.append(
                    shown[name] if name in shown else further_channel(channel, shown, inside)
                )
        canonical: Images = np.stack(made, axis=-1)
        return canonical

    def _window(self, one: Slice, mask: Mask, box: Box, channel: Mapping[str, Any]) -> Channel:
        """Return the head through a window, black around it.

        The window comes before the size, so that bone does not outshine what lies beside it.
        """
        if one.hounsfield:
            levels = window(one.values.astype(np.float32), channel["centre"], channel["width"])
        else:
            levels = one.values.astype(np.uint8, copy=False)
        return np.rint(self._resampled(np.where(mask, levels, 0), box)).astype(np.uint8)

    def _resampled(self, values: npt.NDArray[Any], box: Box) -> Levels:
        return resampled(values.astype(np.float32), box, self.shape[:2], 0.0)
