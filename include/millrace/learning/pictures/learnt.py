"""`LearntPictures`: what stands around a network of pictures. Needs a deep-learning framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from millrace.learning.dataset import DatasetSplit
from millrace.learning.decision import Rule
from millrace.learning.framework import keras
from millrace.learning.modality import Finish, Inputs
from millrace.learning.pictures.augmentation.layers import augmentation_layers
from millrace.learning.pictures.encoder import PixelEncoder
from millrace.learning.pictures.normalisation import (
    Histogram,
    Normalisation,
    reference_statistics,
)
from millrace.learning.pictures.sanity import write_checks
from millrace.learning.pictures.saved_model import save_saved_model, takes_encoded
from millrace.workflow.images import ImageAugmentation
from millrace.workflow.learning import Model

Params = Mapping[str, Any]


@dataclass(frozen=True)
class LearntPictures:
    """See `millrace.learning.modality.Learnt`.

    Attributes:
        normalisation: of the pixels. augment: of the spec.
        reference: statistics of the training split.
    """

    encoder: PixelEncoder
    normalisation: Normalisation
    augment: ImageAugmentation
    reference: Params = field(default_factory=dict)
    finish: Finish | None = None
    options: Params = field(default_factory=dict)

    @classmethod
    def of(
        cls, encoder: PixelEncoder, histogram: Histogram, augment: ImageAugmentation
    ) -> LearntPictures:
        """Return what pixels counted by `pixel_histogram` teach."""
        normalisation = Normalisation.of(histogram)
        return cls(encoder, normalisation, augment, reference_statistics(histogram))

    def values(self, records: pa.Table) -> Inputs:
        """Return the pictures: layers augment them."""
        return self.encoder(records)

    def before(self, seed: int) -> list[Any]:
        """Return augmentation and normalisation."""
        layers = augmentation_layers(self.augment, seed)
        return [*layers, normalisation_layer(self.normalisation)]

    def classifier(self, network: Any, model: Model) -> Any:
        """Wrap a float32 `network`: uint8 pictures in, probabilities ``(batch, classes)`` out.

        Only layers that Keras itself knows are used, so the saved file loads anywhere.
        """
        picture = keras.Input(self.encoder.shape, dtype="uint8", name="image")
        x = normalisation_layer(self.normalisation)(picture)
        softmax = keras.layers.Softmax(name="softmax")
        probabilities = softmax(network(x))
        if getattr(model, "mirror_average", False):
            mirrored = softmax(network(x[:, :, ::-1, :]))
            probabilities = keras.layers.Average(name="mirror_average")([probabilities, mirrored])
        return keras.Model(picture, probabilities, name="classifier")

    def document(self, transform: Params | None) -> dict[str, Any]:
        """Return the normalisation, the reference statistics, and whether files are taken."""
        return {
            "normalisation": self.normalisation.to_document(),
            "reference": dict(self.reference),
            "encoded": takes_encoded(transform),
        }

    def save_saved_model(
        self,
        classifier: Any,
        labels: Sequence[str],
        folder: Path,
        transform: Params | None,
        rule: Rule | None = None,
    ) -> None:
        """Write signatures for pixels and, where the graph can, for encoded pictures."""
        height, width, channels = self.encoder.shape
        save_saved_model(classifier, labels, (height, width, channels), folder, transform, rule)

    def explain(
        self, classifier: Any, validation: DatasetSplit, folder: Path, rule: Rule | None
    ) -> None:
        """Write whether maps of what made the answers to pictures can be believed."""
        write_checks(classifier, self.encoder, validation, folder, rule, self.says_nothing())

    def says_nothing(self) -> list[float]:
        """Return the grey level of each channel of a picture that says nothing: black."""
        return [0.0] * self.encoder.shape[2]


def normalisation_layer(normalisation: Normalisation) -> Any:
    """Return the layer from pictures of 0 to 255 to zero mean and unit spread per channel."""
    return keras.layers.Rescaling(
        normalisation.scale, normalisation.offset, dtype="float32", name="normalisation"
    )
