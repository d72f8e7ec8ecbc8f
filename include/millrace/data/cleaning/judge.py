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
from millrace.data.cleaning.pictures import refuse_pictures
from millrace.data.cleaning.reasons import Refusals
from millrace.data.cleaning.rules import refuse_by_rules
from millrace.data.cleaning.seen import Asked, Sight
from millrace.data.decoding import digest_column
from millrace.data.encoding import FILE
from millrace.data.schemas import CLEAN, QUARANTINE
from millrace.errors import DataError


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

    def __call__(
        self, raw: pa.Table, sight: Sight
    ) -> tuple[pa.Table, pa.Table, npt.NDArray[np.bytes_]]:
        """Return the accepted rows (CLEAN), the refused (QUARANTINE), and the former's digests.

        Args:
            sight: what `look` saw of the rows' pictures, asked for what `asked` says.
        """
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
    """Return pixels as they are stored, and their encodings; empty where undecodable."""
    sizes = np.zeros(sight.rows, np.int64)
    encoding = np.full(sight.rows, "", object)
    for group in sight.groups:
        sizes[group.rows] = group.encoding.size
        encoding[group.rows] = str(group.encoding)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    pixels = np.empty(ends[-1], np.uint8)
    for group in sight.groups:
        for start, image in zip(ends[group.rows].tolist(), group.images, strict=True):
            pixels[start : start + image.size] = image.reshape(-1)
    return _binary(pixels, ends), pa.array(encoding, pa.string())


def _binary(values: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> pa.Array:
    """Return a column of the bytes between `ends`, without a copy."""
    if ends[-1] > np.iinfo(np.int32).max:
        raise DataError(
            "the pictures of a batch are too large together",
            expected=f"at most {np.iinfo(np.int32).max} bytes of pixels",
            received=int(ends[-1]),
            remedy="Give the source a smaller `partition_rows`.",
        )
    offsets = pa.py_buffer(ends.astype(np.int32))
    buffers = [None, offsets, pa.py_buffer(values)]
    return pa.BinaryArray.from_buffers(pa.binary(), len(ends) - 1, buffers)


def _refused(raw: pa.Table, labels: pa.Array, refusals: Refusals) -> pa.Table:
    refused = pa.array(~refusals.accepted)
    columns = {name: raw[name].filter(refused) for name in raw.column_names}
    columns["label"] = pc.coalesce(labels.filter(refused), columns["label"])
    columns["reason"] = refusals.reasons().filter(refused)
    columns["detail"] = refusals.details().filter(refused)
    return pa.table({name: columns[name] for name in QUARANTINE.names}, schema=QUARANTINE)
