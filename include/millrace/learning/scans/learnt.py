"""`LearntScans`: what stands around a network of CT slices. Needs a deep-learning framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from millrace.learning.decision import Rule
from millrace.learning.pictures.learnt import LearntPictures, normalisation_layer
from millrace.learning.scans.augmentation import neutral, scan_layers
from millrace.workflow.ct import CtAugmentation

Params = Mapping[str, Any]


@dataclass(frozen=True)
class LearntScans(LearntPictures):
    """See `millrace.learning.modality.Learnt`.

    Attributes:
        kinds: of the channels, in order.
    """

    augment: CtAugmentation
    kinds: Sequence[str] = ()

    def before(self, seed: int) -> list[Any]:
        """Return augmentation and normalisation."""
        layers = scan_layers(self.augment, self.kinds, seed)
        return [*layers, normalisation_layer(self.normalisation)]

    def document(self, transform: Params | None) -> dict[str, Any]:
        """Return the normalisation and the reference statistics; the graph takes no files, since it
        cannot find the head.
        """
        del transform
        return super().document(None)

    def says_nothing(self) -> list[float]:
        """Return black of windows, and the grey of no difference of the others."""
        greys: list[float] = neutral(self.kinds).tolist()
        return greys

    def save_saved_model(
        self,
        classifier: Any,
        labels: Sequence[str],
        folder: Path,
        transform: Params | None,
        rule: Rule | None = None,
    ) -> None:
        """Write the signature for canonical slices."""
        del transform
        super().save_saved_model(classifier, labels, folder, None, rule)
