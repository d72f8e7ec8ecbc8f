"""`Judge`: every rule that needs only the record itself, applied to a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.data.cleaning.fingerprinted import fingerprint_columns
from millrace.data.cleaning.labels import map_labels, refuse_labels
from millrace.data.cleaning.look import look
from millrace.data.cleaning.pictures import refuse_pictures
from millrace.data.cleaning.reasons import Refusals
from millrace.data.cleaning.rules import refuse_by_rules
from millrace.data.cleaning.seen import Asked, Sight
from millrace.data.decoding import digest_column
from millrace.data.encoding import FILE
from millrace.data.schemas import CLEAN, QUARANTINE


class Judge:
    """The contract of one source.

    Args:
        params: the clean stage's parameters.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._rules: Mapping[str, Any] = params["rules"]
        self._label_map: Mapping[str, str | None] = params["label_map"]
        self._known: list[str] = list(params["labels"])
        self._labelled: bool = params["labelled"]
        self.asked = Asked.by(params)

    def __call__(self, raw: pa.Table) -> tuple[pa.Table, pa.Table, npt.NDArray[np.bytes_]]:
        """Return the accepted rows (CLEAN), the refused (QUARANTINE), and the former's digests."""
        sight = look(raw, self.asked)
        labels = map_labels(raw["label"], self._label_map)
        refusals = self._refusals(raw, sight, labels)
        accepted = refusals.accepted
        digests = sight.digests()
        return (
            _accepted(raw, sight, labels, digests, accepted),
            _refused(raw, labels, refusals),
            digests[accepted],
        )

    def _refusals(self, raw: pa.Table, sight: Sight, labels: pa.Array) -> Refusals:
        refusals = Refusals(raw.num_rows)
        refuse_pictures(refusals, sight, self._rules)
        if self._labelled:
            refuse_labels(refusals, raw["label"], labels, self._known)
        paths = self._rules.get("rules", ())
        if paths:
            refuse_by_rules(refusals, sight, labels.to_pylist(), paths)
        return refusals


def _accepted(
    raw: pa.Table,
    sight: Sight,
    labels: pa.Array,
    digests: npt.NDArray[np.bytes_],
    accepted: npt.NDArray[np.bool_],
) -> pa.Table:
    columns = {name: raw[name] for name in raw.column_names}
    columns["label"] = labels
    columns["content_digest"] = digest_column(digests)
    columns["perceptual_hash"], columns["thumbnail"] = fingerprint_columns(sight)
    if pc.any(pc.equal(raw["encoding"], FILE)).as_py():
        columns["content"], columns["encoding"] = _pixel_columns(sight)
    table = pa.table({name: columns[name] for name in CLEAN.names})
    return (table if accepted.all() else table.filter(pa.array(accepted))).cast(CLEAN)


def _pixel_columns(sight: Sight) -> tuple[pa.Array, pa.Array]:
    """Return pixels as they are stored, and their encodings; null where undecodable."""
    content = np.full(sight.rows, None, object)
    encoding = np.full(sight.rows, "", object)
    for group in sight.groups:
        encoding[group.rows] = str(group.encoding)
        for row, image in zip(group.rows.tolist(), group.images, strict=True):
            content[row] = image.tobytes()
    return pa.array(content, pa.binary()), pa.array(encoding, pa.string())


def _refused(raw: pa.Table, labels: pa.Array, refusals: Refusals) -> pa.Table:
    refused = pa.array(~refusals.accepted)
    columns = {name: raw[name].filter(refused) for name in raw.column_names}
    columns["label"] = pc.coalesce(labels.filter(refused), columns["label"])
    columns["reason"] = refusals.reasons().filter(refused)
    columns["detail"] = refusals.details().filter(refused)
    return pa.table({name: columns[name] for name in QUARANTINE.names}, schema=QUARANTINE)
