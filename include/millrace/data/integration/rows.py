"""`Rows`: the small columns of all records, in memory; the pictures stay on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.artifacts.tables import column_to_images, read_table
from millrace.errors import DataError

_COLUMNS = ["record_id", "source", "group", "label", "content_digest"]


@dataclass(frozen=True)
class Rows:
    """Records of several files, numbered in the order of the files.

    Attributes:
        ids: record ids, unique. sources, groups, labels: text; a group or label may be null.
        digests: content digests, 16 bytes each.
    """

    ids: pa.Array
    sources: pa.Array
    groups: pa.Array
    labels: pa.Array
    digests: npt.NDArray[np.bytes_]

    @classmethod
    def read(cls, paths: Sequence[Path]) -> Rows:
        """Read the small columns of canonical tables.

        Raises:
            DataError: two records have one id.
        """
        tables = [table for path in paths for table in read_table(path, columns=_COLUMNS)]
        digests = [column_to_images(t["content_digest"], (16, 1, 1)) for t in tables]
        ids, sources, groups, labels = (_joined(tables, name) for name in _COLUMNS[:4])
        joined = np.concatenate([np.zeros(0, "S16"), *map(_as_text, digests)])
        rows = cls(ids, sources, groups, labels, joined)
        rows.check_unique()
        return rows

    def __len__(self) -> int:
        return len(self.digests)

    @cached_property
    def id_rank(self) -> npt.NDArray[np.int64]:
        """The place of each record in the order of record ids."""
        rank = np.empty(len(self), np.int64)
        rank[pc.sort_indices(self.ids).to_numpy()] = np.arange(len(self))
        return rank

    def take(self, numbers: npt.NDArray[np.int64]) -> Rows:
        """Return some of the rows, numbered anew."""
        chosen = pa.array(numbers)
        return Rows(
            self.ids.take(chosen),
            self.sources.take(chosen),
            self.groups.take(chosen),
            self.labels.take(chosen),
            self.digests[numbers],
        )

    def check_unique(self) -> None:
        """Raise `DataError` where two records have one id."""
        if pc.count_distinct(self.ids).as_py() == len(self):
            return
        counts = pc.value_counts(self.ids)
        twice = [c["values"] for c in counts.to_pylist() if c["counts"] > 1]
        raise DataError(
            "record ids are not unique",
            expected="one record an id",
            received=", ".join(sorted(twice)[:5]),
            remedy="Let the source's reader make ids that tell its records apart.",
        )


def number(texts: pa.Array, known: Sequence[str]) -> npt.NDArray[np.int32]:
    """Return each text's place in `known`, or -1."""
    found = pc.index_in(texts, pa.array(known, pa.string()))
    numbers: npt.NDArray[np.int32] = pc.fill_null(found, -1).to_numpy().astype(np.int32)
    return numbers


def _joined(tables: list[pa.Table], name: str) -> pa.Array:
    chunks = [chunk for table in tables for chunk in table[name].chunks]
    return pa.concat_arrays(chunks) if chunks else pa.array([], pa.string())


def _as_text(digests: npt.NDArray[np.uint8]) -> npt.NDArray[np.bytes_]:
    return np.ascontiguousarray(digests).reshape(-1, 16).view("S16").reshape(-1)


def read_all(paths: Sequence[Path]) -> Iterator[pa.Table]:
    """Yield the row groups of several tables, in the order of the files."""
    for path in paths:
        yield from read_table(path)
