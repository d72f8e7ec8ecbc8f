"""`CanonicalSlices`: a clean slice to what the model sees of it: the head, as channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from millrace.artifacts.tables import Images
from millrace.data.scans.channels import Channel, Levels, further_channel, window
from millrace.data.scans.geometry import Frame, resampled
from millrace.data.scans.head import Mask, box_of, head_mask
from millrace.data.scans.slices import Slice

_VACUUM = -1024
"""HU of what is not shown."""


class CanonicalSlices:
    """The steps, in order: head, box, spacing and size, windows, further channels.

    Args:
        params: the values of `millrace.workflow.ct.CtTransform`.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        height, width = params["size"]
        self._channels = list(params["channels"])
        self.shape: tuple[int, int, int] = (height, width, len(self._channels))
        self._crop = params.get("head", "crop") == "crop"
        self._frame = Frame((height, width), params.get("margin", 0.0), params.get("spacing"))

    def __call__(self, one: Slice) -> Images:
        """Return the canonical slice ``(height, width, channels)``."""
        mask = head_mask(one)
        if not self._crop or not mask.any():
            mask = np.ones(one.values.shape, bool)
        box = self._frame.box(box_of(mask), one.spacing)
        values, inside = self._cut(one, mask, box)
        windows = {
            channel["name"]: self._window(one, values, channel)
            for channel in self._channels
            if channel["kind"] == "window"
        }
        made = [
            windows[channel["name"]]
            if channel["kind"] == "window"
            else further_channel(channel, windows, inside)
            for channel in self._channels
        ]
        canonical: Images = np.stack(made, axis=-1)
        return canonical

    def _cut(
        self, one: Slice, mask: Mask, box: tuple[float, float, float, float]
    ) -> tuple[Levels, Mask]:
        """Return the values and the head within a box, at the size of the canonical slice."""
        outside = _VACUUM if one.hounsfield else 0
        values = np.where(mask, one.values, outside).astype(np.float32)
        shown = resampled(values, box, self.shape[:2], outside)
        return shown, resampled(mask.astype(np.float32), box, self.shape[:2], 0.0) > 0.5

    @staticmethod
    def _window(one: Slice, values: Levels, channel: Mapping[str, Any]) -> Channel:
        if one.hounsfield:
            return window(values, channel["centre"], channel["width"])
        levels: Channel = np.rint(values.clip(0, 255)).astype(np.uint8)
        return levels
