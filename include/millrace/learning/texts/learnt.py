"""`LearntTexts`: what stands around a network of texts. Needs a deep-learning framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from millrace.artifacts.tables import read_table
from millrace.learning.dataset import DatasetSplit
from millrace.learning.decision import Rule
from millrace.learning.framework import keras
from millrace.learning.modality import Finish, Inputs
from millrace.learning.texts.augmentation import augmented
from millrace.learning.texts.encoder import TokenEncoder, whole
from millrace.learning.texts.explained import EXPLAINED
from millrace.learning.texts.gradients import write_explanations
from millrace.learning.texts.saved_model import save_saved_model, takes_raw
from millrace.learning.texts.statistics import reference_statistics
from millrace.learning.texts.vocabulary import WordCounts
from millrace.workflow.learning import Model
from millrace.workflow.text_models import Tokens
from millrace.workflow.texts import TextAugmentation

Params = Mapping[str, Any]


@dataclass(frozen=True)
class LearntTexts:
    """See `millrace.learning.modality.Learnt`.

    Attributes:
        reference: statistics of the training split.
    """

    encoder: TokenEncoder
    options: Params
    finish: Finish | None = None
    reference: Params = field(default_factory=dict)

    @classmethod
    def of(cls, training: Path, tokens: Tokens, augment: TextAugmentation) -> LearntTexts:
        """Return what the texts of a table teach."""
        texts = (whole(table["text"]) for table in read_table(training, ["text"]))
        counts = WordCounts.of(texts)
        vocabulary, length = counts.vocabulary(tokens), counts.length(tokens)
        encoder = TokenEncoder(vocabulary, length)
        changes = augment != TextAugmentation()
        return cls(
            encoder=encoder,
            options={"tokens": len(vocabulary)},
            finish=partial(_finished, encoder, augment) if changes else None,
            reference=reference_statistics(counts, vocabulary, length),
        )

    def values(self, records: pa.Table) -> Inputs:
        """Return the texts, an array of strings."""
        texts: Inputs = whole(records["text"]).to_numpy(zero_copy_only=False)
        return texts

    def before(self, seed: int) -> list[Any]:
        """Return no layer: words are embedded inside the network, texts changed before it."""
        del seed
        return []

    def classifier(self, network: Any, model: Model) -> Any:
        """Wrap a float32 `network`: numbers of words in, probabilities ``(batch, classes)`` out."""
        del model
        ids = keras.Input(self.encoder.shape, dtype=self.encoder.dtype, name=self.encoder.name)
        probabilities = keras.layers.Softmax(name="softmax")(network(ids))
        return keras.Model(ids, probabilities, name="classifier")

    def document(self, transform: Params | None) -> dict[str, Any]:
        """Return the reference statistics, and whether the SavedModel takes raw texts."""
        return {"reference": dict(self.reference), "raw": takes_raw(transform)}

    def save_saved_model(
        self,
        classifier: Any,
        labels: Sequence[str],
        folder: Path,
        transform: Params | None,
        rule: Rule | None = None,
    ) -> None:
        """Write signatures for numbers of words and, where the graph can, for raw texts."""
        save_saved_model(classifier, labels, self.encoder, folder, transform, rule)

    def explain(
        self, classifier: Any, validation: DatasetSplit, folder: Path, rule: Rule | None
    ) -> None:
        """Write which words made the answers to validation records."""
        write_explanations(classifier, self.encoder, validation, folder / EXPLAINED, rule)


def _finished(
    encoder: TokenEncoder, augment: TextAugmentation, texts: Inputs, random: np.random.Generator
) -> Inputs:
    """Return the numbers of the words of changed texts."""
    return encoder.encode(pa.array(augmented(texts, augment, random), pa.string()))
