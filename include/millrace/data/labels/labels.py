"""`Labels`: what labels mean to cleaning. What integration says of them is `label_facts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import pyarrow as pa

from millrace.data.cleaning.reasons import Refusals
from millrace.data.labels.classes import ClassLabels
from millrace.data.labels.quantities import QuantityLabels


class Labels(Protocol):
    """Labels of a kind."""

    def canonical(self, labels: pa.Array) -> pa.Array:
        """Return labels in the one form that equal ones have; what is none stays as it is."""

    def refuse(self, refusals: Refusals, raw: pa.ChunkedArray, labels: pa.Array) -> None:
        """Refuse the rows whose label is missing or wrong.

        Args:
            raw: labels as the source gave them. labels: canonical ones.
        """


def open_labels(params: Mapping[str, Any]) -> Labels:
    """Return the labels that a stage's parameters describe: ``target``, or ``labels``."""
    return QuantityLabels(params) if "target" in params else ClassLabels(params)
