"""`Judge`: every rule that needs only the record itself, applied to a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.data.cleaning.labels import map_labels
from millrace.data.cleaning.reasons import Refusals
from millrace.data.labels.labels import open_labels
from millrace.data.modality import Examined
from millrace.data.schemas import QUARANTINE, digest_column


class Judge:
    """The contract of one source.

    Args:
        params: the clean stage's parameters.
        schema: of clean records.
    """

    def __init__(self, params: Mapping[str, Any], schema: pa.Schema) -> None:
        self._rules: Mapping[str, Any] = params["rules"]
        self._label_map: Mapping[str, str | None] = params["label_map"]
        self._labels = open_labels(params)
        self._labelled: bool = params["labelled"]
        self._schema = schema

    def __call__(
        self, raw: pa.Table, seen: Examined
    ) -> tuple[pa.Table, pa.Table, npt.NDArray[np.bytes_]]:
        """Return the accepted rows, the refused (QUARANTINE), and the former's digests."""
        labels = self._labels.canonical(map_labels(raw["label"], self._label_map))
        refusals = self._refusals(raw, seen, labels)
        accepted = refusals.accepted
        digests = seen.digests()
        return (
            self._accepted(raw, seen, labels, digests, accepted),
            _refused(raw, labels, refusals),
            digests[accepted],
        )

    def _refusals(self, raw: pa.Table, seen: Examined, labels: pa.Array) -> Refusals:
        refusals = Refusals(raw.num_rows)
        seen.refuse(refusals, self._rules)
        if self._labelled:
            self._labels.refuse(refusals, raw["label"], labels)
        paths = self._rules.get("rules", ())
        if paths:
            seen.apply_rules(refusals, labels.to_pylist(), paths)
        return refusals

    def _accepted(
        self,
        raw: pa.Table,
        seen: Examined,
        labels: pa.Array,
        digests: npt.NDArray[np.bytes_],
        accepted: npt.NDArray[np.bool_],
    ) -> pa.Table:
        columns = {name: raw[name] for name in raw.column_names}
        columns |= {"label": labels, "content_digest": digest_column(digests), **seen.columns()}
        table = pa.table({name: columns[name] for name in self._schema.names})
        kept = table if accepted.all() else table.filter(pa.array(accepted))
        return kept.cast(self._schema)


def _refused(raw: pa.Table, labels: pa.Array, refusals: Refusals) -> pa.Table:
    refused = pa.array(~refusals.accepted)
    columns = {name: raw[name].filter(refused) for name in raw.column_names}
    columns["label"] = pc.coalesce(labels.filter(refused), columns["label"])
    columns["reason"] = refusals.reasons().filter(refused)
    columns["detail"] = refusals.details().filter(refused)
    return pa.table({name: columns[name] for name in QUARANTINE.names}, schema=QUARANTINE)
