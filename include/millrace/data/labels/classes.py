"""`ClassLabels`: labels that are names of classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from millrace.data.cleaning.labels import refuse_labels
from millrace.data.cleaning.reasons import Refusals


class ClassLabels:
    """See `millrace.data.labels.labels.Labels`.

    Args:
        params: ``labels``, the vocabulary; empty: what is found.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._known: list[str] = list(params["labels"])

    def canonical(self, labels: pa.Array) -> pa.Array:
        """Return them as they are."""
        return labels

    def refuse(self, refusals: Refusals, raw: pa.ChunkedArray, labels: pa.Array) -> None:
        """Refuse the rows without a label, and those whose label is none of the vocabulary."""
        refuse_labels(refusals, raw, labels, self._known)
