"""`features`: a data set's facts without content as columns of numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

NUMBERS = ("file_bytes", "bytes_per_pixel", "width", "height", "channels", "border_grey")
"""Facts that are numbers, see `millrace.data.content_facts.FACTS`."""

_UNKNOWN = -1.0
_MOST = 64  # words that become columns
_LEAST = 2  # records that have a word


@dataclass(frozen=True)
class Features:
    """Facts of records.

    Attributes:
        names: of the columns; of words ``kind:word``.
        values: float32 (rows, columns), -1 where unknown. Columns differ between records.
    """

    names: tuple[str, ...]
    values: npt.NDArray[np.float32]


def features(table: pa.Table) -> Features:
    """Return the facts of ``facts.parquet`` that differ between records."""
    columns: dict[str, npt.NDArray[np.float32]] = {}
    for name in NUMBERS:
        values = table[name].to_numpy(zero_copy_only=False).astype(np.float32)
        columns[name] = np.nan_to_num(values, nan=_UNKNOWN)
    height = np.where(columns["height"] > 0, columns["height"], np.float32(1))
    columns["aspect_ratio"] = (columns["width"] / height).astype(np.float32)
    for kind in ("source", "format"):
        words = [[] if word is None else [word] for word in table[kind].to_pylist()]
        columns |= _words(kind, words)
    columns |= _words("header", [words or [] for words in table["header"].to_pylist()])
    chosen = {name: one for name, one in columns.items() if len(one) and (one != one[0]).any()}
    rows = table.num_rows
    values = np.stack([*chosen.values()], axis=1) if chosen else np.zeros((rows, 0), np.float32)
    return Features(tuple(chosen), values.astype(np.float32))


def _words(kind: str, words: list[list[str]]) -> dict[str, npt.NDArray[np.float32]]:
    counts = Counter(word for few in words for word in set(few))
    common = [word for word, count in counts.most_common(_MOST) if count >= _LEAST]
    return {
        f"{kind}:{word}": np.array([word in few for few in words], np.float32) for word in common
    }
