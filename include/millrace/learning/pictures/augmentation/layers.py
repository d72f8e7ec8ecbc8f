"""From what a spec says of augmentation to the layers that do it."""

from __future__ import annotations

from typing import Any

from millrace.learning.pictures.augmentation.cutout import RandomCutout
from millrace.learning.pictures.augmentation.tone import RandomTone
from millrace.learning.pictures.augmentation.warp import RandomWarp
from millrace.workflow.images import ImageAugmentation


def augmentation_layers(spec: ImageAugmentation, seed: int) -> list[Any]:
    """Return the layers that `spec` needs, in the order of their work; none where all is off."""
    layers: list[Any] = []
    if spec.shift or spec.rotate or spec.zoom or spec.crop or spec.flip != "none":
        layers.append(RandomWarp(spec, seed))
    if spec.brightness or spec.contrast or spec.noise:
        layers.append(RandomTone(spec, seed + 1))
    if spec.cutout:
        layers.append(RandomCutout(spec.cutout, seed + 2))
    return layers
