"""`QuantityLabels`: labels that are numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from millrace.data.cleaning.labels import refuse_labels
from millrace.data.cleaning.reasons import Refusals
from millrace.data.integration.ledger import Ledger
from millrace.data.integration.sides import SIDES
from millrace.errors import DataError
from millrace.workflow.quantity import Quantity, number_of, written

_SIDED = """SELECT side, count(*), min(value), median(value), max(value)
    FROM (SELECT side, CAST(label AS DOUBLE) AS value FROM placed) GROUP BY side"""


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

    def facts(self, ledger: Ledger) -> dict[str, Any]:
        """Return how many records each side has, and the least, middle and largest label there."""
        found = {SIDES[side]: rest for side, *rest in ledger.rows(_SIDED)}
        _check(found)
        order = ("train", "validation", "test")
        figures = {
            side: dict(zip(("low", "median", "high"), found[side][1:], strict=True))
            for side in order
        }
        return {
            "labels": [],
            "target": self._quantity.model_dump(mode="json"),
            "rows": {side: found[side][0] for side in order},
            "values": figures,
        }


def _canonical(text: str) -> str:
    value = number_of(text)
    return text if value is None else written(value)


def _check(found: Mapping[str, list[Any]]) -> None:
    """Refuse sides on which nothing can be learnt or judged."""
    rows = {side: found.get(side, [0])[0] for side in SIDES}
    constant = sorted({figures[1] for figures in found.values() if figures[1] == figures[3]})
    if len(found) == len(SIDES) and not constant:
        return
    lowest = min((figures[1] for figures in found.values()), default=None)
    highest = max((figures[3] for figures in found.values()), default=None)
    said = ", ".join(f"{count:,} {side}" for side, count in rows.items())
    raise DataError(
        "every label is the same number"
        if found and lowest == highest
        else "a side of the data set has no two different labels",
        where="integrate",
        expected="two different labels at least in train, validation and test",
        received=f"{said}; labels from {lowest} to {highest}",
        remedy="Check which column is the label, give more records, or raise split.validation or "
        "split.test.",
    )
