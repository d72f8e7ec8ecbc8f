"""`Places`: categories of a column as places of a table that all columns share. Learns nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

UNKNOWN = 0
"""The first place of a column: a category that is missing, or that training did not see."""


@dataclass(frozen=True)
class Places:
    """A column of categories.

    Attributes:
        name: of the column. words: its categories, by their places from 1.
        hashed: places that categories share by CRC-32 of their UTF-8; null where `words` tells.
        fill: stands for a missing category; null leaves it unknown.
    """

    name: str
    words: tuple[str, ...] = ()
    hashed: int | None = None
    fill: str | None = None

    def __len__(self) -> int:
        """Return the number of places."""
        return 1 + (len(self.words) if self.hashed is None else self.hashed)

    def __call__(self, texts: pa.Array) -> npt.NDArray[np.int64]:
        """Return the place of each category ``(rows,)``, null being missing."""
        if self.hashed is not None:
            return _hashed(texts, self.hashed)
        if self.fill is not None:
            texts = pc.fill_null(texts, self.fill)
        found = pc.fill_null(pc.index_in(texts, self._words), -1)
        return np.asarray(found, np.int64) + 1

    @cached_property
    def _words(self) -> pa.Array:
        return pa.array(self.words, pa.string())

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "name": self.name,
            "words": list(self.words),
            "hashed": self.hashed,
            "fill": self.fill,
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Places:
        """Return the column of a document."""
        return cls(document["name"], tuple(document["words"]), document["hashed"], document["fill"])


def _hashed(texts: pa.Array, places: int) -> npt.NDArray[np.int64]:
    encoded = texts.dictionary_encode()
    known = [crc32(word.encode("utf-8")) % places + 1 for word in encoded.dictionary.to_pylist()]
    indices = np.asarray(pc.fill_null(encoded.indices, len(known)), np.int64)
    return np.array([*known, UNKNOWN], np.int64)[indices]
