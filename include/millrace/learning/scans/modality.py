"""`ScanLearning`: the modality `ct` of learning. Canonical slices are pictures of many channels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.artifacts.tables import read_table
from millrace.learning.pictures.encoder import PixelEncoder
from millrace.learning.pictures.modality import PictureLearning

if TYPE_CHECKING:
    from millrace.learning.scans.learnt import LearntScans
    from millrace.learning.target import Target

Params = Mapping[str, Any]


class ScanLearning(PictureLearning):
    """See `millrace.learning.modality.LearningModality`."""

    channel: ClassVar[int | None] = 0

    def learn(
        self, training: Path, records: Params, params: Params, target: Target | None = None
    ) -> LearntScans:
        """Learn the mean and the spread of each channel."""
        from millrace.learning.pictures.normalisation import (
            Normalisation,
            pixel_histogram,
            reference_statistics,
        )
        from millrace.learning.scans.learnt import LearntScans
        from millrace.workflow.ct import CtAugmentation

        del target  # classes
        encoder = PixelEncoder(records["shape"])
        images = (encoder(table) for table in read_table(training, ["image"]))
        histogram = pixel_histogram(images, encoder.shape[2])
        return LearntScans(
            encoder=encoder,
            normalisation=Normalisation.of(histogram),
            augment=CtAugmentation(**params["augment"]),
            reference=reference_statistics(histogram),
            kinds=tuple(records["channels"]),
        )
