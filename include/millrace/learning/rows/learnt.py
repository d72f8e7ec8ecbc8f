"""`LearntRows`: what stands around a network of tables. Needs a deep-learning framework."""

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
from millrace.learning.networks.quantity import answered
from millrace.learning.rows.augmentation import RandomValues
from millrace.learning.rows.encoder import RowEncoder
from millrace.learning.rows.learn import LearntColumns
from millrace.learning.rows.saved_model import save_saved_model, takes_rows
from millrace.learning.target import Target
from millrace.learning.target_quantity import QuantityTarget
from millrace.workflow.learning import Model
from millrace.workflow.tables import TableAugmentation

Params = Mapping[str, Any]


@dataclass(frozen=True)
class LearntRows:
    """See `millrace.learning.modality.Learnt`.

    Attributes:
        augment: of the spec. reference: statistics of the training split, by column.
        target: what the network learns; classes where it is none.
    """

    encoder: RowEncoder
    options: Params
    augment: TableAugmentation
    reference: Params = field(default_factory=dict)
    finish: Finish | None = None
    target: Target | None = None

    @classmethod
    def of(
        cls, learnt: LearntColumns, augment: TableAugmentation, target: Target | None = None
    ) -> LearntRows:
        """Return what columns taught."""
        encoder = learnt.encoder
        options = {"numbers": len(encoder.scaling.names), "places": encoder.total}
        return cls(encoder, options, augment, learnt.reference, target=target)

    def values(self, records: pa.Table) -> Inputs:
        """Return the features: a layer augments them."""
        return self.encoder(records)

    def before(self, seed: int) -> list[Any]:
        """Return the augmentation."""
        changes = self.augment != TableAugmentation()
        return [RandomValues(self.augment, self.encoder, seed)] if changes else []

    def classifier(self, network: Any, model: Model) -> Any:
        """Wrap a float32 `network`: features in, probabilities ``(batch, classes)`` out, or a
        number ``(batch,)`` in its unit.
        """
        del model
        features = keras.Input(self.encoder.shape, dtype="float32", name=self.encoder.name)
        if isinstance(self.target, QuantityTarget):
            return keras.Model(features, answered(network(features), self.target), name="regressor")
        probabilities = keras.layers.Softmax(name="softmax")(network(features))
        return keras.Model(features, probabilities, name="classifier")

    def document(self, transform: Params | None) -> dict[str, Any]:
        """Return the reference statistics, and whether the SavedModel takes values of columns."""
        del transform
        return {"reference": {"columns": dict(self.reference)}, "rows": takes_rows(self.encoder)}

    def save_saved_model(
        self,
        classifier: Any,
        labels: Sequence[str],
        folder: Path,
        transform: Params | None,
        rule: Rule | None = None,
    ) -> None:
        """Write signatures for features and, where the graph can, for values of columns."""
        del transform
        output = "probabilities" if self.target is None else self.target.output
        save_saved_model(classifier, labels, self.encoder, folder, rule, output)

    def explain(
        self, classifier: Any, validation: DatasetSplit, folder: Path, rule: Rule | None
    ) -> None:
        """Explain nothing here: evaluation leaves columns out, which needs no gradients."""
        del classifier, validation, folder, rule
