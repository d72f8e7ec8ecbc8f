"""`QuantityLabels`: labels that are numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from millrace.data.cleaning.labels import refuse_labels
from millrace.data.cleaning.reasons import Refusals
from millrace.workflow.quantity import Quantity, number_of, written


class QuantityLabels:
    """See `millrace.data.labels.labels.Labels`.

    Args:
        params: ``target``, values of `Quantity`.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._quantity = Quantity(**params["target"])

    def canonical(self, labels: pa.Array) -> pa.Array:
        """Return equal numbers as equal texts: ``151`` for ``151.0``."""
        encoded = labels.dictionary_encode()
        texts = pa.array([_canonical(text) for text in encoded.dictionary.to_pylist()], pa.string())
        return texts.take(encoded.indices)

    def refuse(self, refusals: Refusals, raw: pa.ChunkedArray, labels: pa.Array) -> None:
        """Refuse the rows whose label is missing, no finite number, or out of range."""
        refuse_labels(refusals, raw, labels, ())
        encoded = labels.dictionary_encode()
        found = [self._quantity.refusal(text) for text in encoded.dictionary.to_pylist()]
        if not any(found):
            return
        for row, index in enumerate(encoded.indices.to_pylist()):
            refusal = None if index is None else found[index]
            if refusal is not None:
                refusals.refuse(np.array([row]), *refusal)


def _canonical(text: str) -> str:
    value = number_of(text)
    return text if value is None else written(value)
