"""`Verdicts`: what integration decides of every record, before any picture is moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.artifacts.tables import read_table
from millrace.data.cleaning.conflicts import conflict_details
from millrace.data.cleaning.duplicates import find_equals
from millrace.data.cleaning.labels import refuse_labels
from millrace.data.cleaning.reasons import CONFLICTING_LABEL, Refusals
from millrace.data.decoding import decode
from millrace.data.integration.rows import Rows, number
from millrace.data.integration.splits import Sides


@dataclass(frozen=True)
class Verdicts:
    """The records' fates.

    Attributes:
        refusals: records refused here, over the rows.
        original: number of the record that is kept of a record's equals.
        duplicate: records that are not kept because of it.
        conflicts: what equal pictures that were refused earlier say now, by record id.
    """

    refusals: Refusals
    original: npt.NDArray[np.int64]
    duplicate: npt.NDArray[np.bool_]
    conflicts: dict[str, str]

    @property
    def kept(self) -> npt.NDArray[np.bool_]:
        """Records that the data set accepts."""
        return self.refusals.accepted & ~self.duplicate


def judge(
    rows: Rows, fixed: Sides, quarantines: Sequence[Path], labels: Sequence[str], duplicates: str
) -> Verdicts:
    """Compare all records with each other.

    Args:
        fixed: a record on a fixed side is kept before its equals elsewhere: test, then validation,
            then the rest; among those, the lowest record id.
        quarantines: files of records refused earlier; conflicts among them take part.
        labels: the vocabulary; empty: any.
        duplicates: ``exact`` keeps one of equal pictures, ``keep`` all.
    """
    refusals = Refusals(len(rows))
    refuse_labels(refusals, pa.chunked_array([rows.labels]), rows.labels, labels)
    earlier = _Conflicts.read(quarantines)
    count = len(rows)
    texts = pa.concat_arrays([rows.labels, earlier.labels])
    digests = np.concatenate([rows.digests, earlier.digests])
    rank = np.minimum(fixed, 2).astype(np.int64) * count + rows.id_rank
    preference = np.concatenate([rank, 3 * count + np.arange(len(earlier.digests))])
    known = pc.drop_null(pc.unique(texts)).to_pylist()
    equals = find_equals(digests, number(texts, known), preference)
    details = conflict_details(digests, texts, equals.conflicting)
    conflicting = np.flatnonzero(equals.conflicting[:count])
    refusals.refuse(conflicting, CONFLICTING_LABEL, details[conflicting].tolist())
    original = equals.original[:count]
    if duplicates == "keep":
        original = np.arange(count)
    return Verdicts(
        refusals,
        original,
        (original != np.arange(count)) & refusals.accepted,
        dict(zip(earlier.ids, details[count:].tolist(), strict=True)),
    )


@dataclass(frozen=True)
class _Conflicts:
    """Records that cleaning refused because equals of their partition disagreed."""

    ids: list[str]
    labels: pa.Array
    digests: npt.NDArray[np.bytes_]

    @classmethod
    def read(cls, quarantines: Sequence[Path]) -> _Conflicts:
        ids: list[str] = []
        labels: list[str] = []
        digests = [np.zeros(0, "S16")]
        for path in quarantines:
            for table in read_table(path):
                found = table.filter(pc.equal(table["reason"], CONFLICTING_LABEL))
                if found.num_rows:
                    ids.extend(found["record_id"].to_pylist())
                    labels.extend(found["label"].to_pylist())
                    digests.append(decode(found["content"], found["encoding"]).digests())
        return cls(ids, pa.array(labels, pa.string()), np.concatenate(digests))
