"""`Explained`: how much each word of a text speaks for the class that was predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from millrace.learning.texts.words import split_words

EXPLAINED = "explained.json"
"""Name of a bundle's file of explained validation records."""


@dataclass(frozen=True)
class Explained:
    """A text, word by word.

    Attributes:
        words: that the network saw. weights: of each, above 0 where it speaks for `predicted`.
        label: the true class, where it is known. predicted: by the network.
        probability: of `predicted`. record_id: of the record.
        error: share of the change of the score that the weights do not account for; None where
            they need not add up to it.
    """

    record_id: str
    label: str | None
    predicted: str
    probability: float
    words: tuple[str, ...]
    weights: tuple[float, ...]
    error: float | None = None

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Explained:
        """Return what `to_document` made a document of."""
        sequences = {name: tuple(document[name]) for name in ("words", "weights")}
        return cls(**{**document, **sequences})


def seen_words(texts: Sequence[str], length: int) -> list[tuple[str, ...]]:
    """Return the words of each text that a network of that length sees."""
    lists = split_words(pa.array(texts, pa.string())).to_pylist()
    return [tuple(word for word in words if word)[:length] for words in lists]
