"""A side of a dataset of pictures, for tests of learning."""

from __future__ import annotations

from millrace.artifacts.artifact import Artifact
from millrace.learning.dataset import DatasetSplit
from millrace.learning.pictures.encoder import PixelEncoder


def picture_side(dataset: Artifact, name: str) -> DatasetSplit:
    """Return the side `name` of a dataset artifact."""
    return DatasetSplit.of(dataset, name, PixelEncoder(dataset.facts["records"]["shape"]))
