"""`TokenEncoder`: canonical texts as numbers of words. What it learnt is the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from millrace.canonical_text.few import few
from millrace.errors import DataError, IntegrityError
from millrace.learning.texts.few_words import words_of
from millrace.learning.texts.vocabulary import Ids, Vocabulary
from millrace.learning.texts.words import split_words


class TokenEncoder:
    """See `millrace.learning.modality.Encoder`.

    Args:
        vocabulary: the words. length: words of a text that are seen, from its start.
    """

    columns: ClassVar[Sequence[str]] = ("text",)
    name = "ids"
    dtype = "int32"

    def __init__(self, vocabulary: Vocabulary, length: int) -> None:
        self.vocabulary = vocabulary
        self.shape: tuple[int, ...] = (length,)

    def check(self, schema: pa.Schema) -> None:
        """Raise `DataError` where records of `schema` have no texts."""
        check_texts(schema)

    def __call__(self, records: pa.Table) -> Ids:
        """Return the numbers of words ``(rows, length)`` int32; 0 after the last."""
        self.check(records.schema)
        return self.encode(whole(records["text"]))

    def encode(self, texts: pa.Array) -> Ids:
        """Return the numbers of the words of texts, likewise."""
        words = [words_of(text) for text in few(texts) or ()]
        if not words or None in words:
            return padded(split_words(texts), self.vocabulary, self.shape[0])
        return self._numbered(words)

    def _numbered(self, lists: Sequence[Sequence[str] | None]) -> Ids:
        """Return the numbers of a few lists of words, a dictionary being quicker than an array."""
        ids = np.zeros((len(lists), *self.shape), np.int32)
        for row, words in zip(ids, lists, strict=True):
            seen = (words or ())[: len(row)]
            row[: len(seen)] = [self.vocabulary.number(word) for word in seen]
        return ids

    def to_document(self) -> dict[str, Any]:
        """Return name, shape, type, and the words with their digest."""
        return {
            "name": self.name,
            "shape": list(self.shape),
            "dtype": self.dtype,
            "vocabulary": list(self.vocabulary.words),
            "vocabulary_digest": self.vocabulary.digest,
        }


def token_encoder(document: Mapping[str, Any]) -> TokenEncoder:
    """Return the encoder of a document; raise `IntegrityError` where its words were changed."""
    vocabulary = Vocabulary(tuple(document["vocabulary"]))
    if vocabulary.digest != document["vocabulary_digest"]:
        raise IntegrityError(
            "the vocabulary of a bundle is not the one it was trained with",
            expected=document["vocabulary_digest"],
            received=vocabulary.digest,
        )
    (length,) = document["shape"]
    return TokenEncoder(vocabulary, int(length))


def check_texts(schema: pa.Schema) -> None:
    """Raise `DataError` where records of `schema` have no texts."""
    place = schema.get_field_index("text")
    if place < 0 or not pa.types.is_string(schema.field(place).type):
        raise DataError(
            "not a table of canonical texts",
            expected="a column `text` of strings",
            received=", ".join(schema.names),
            remedy="Transform the records as the model's training set was transformed.",
        )


def whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column of strings as one array."""
    return pa.concat_arrays([chunk.cast(pa.string()) for chunk in column.chunks] or [_NONE])


def padded(lists: pa.ListArray, vocabulary: Vocabulary, length: int) -> Ids:
    """Return the numbers of lists of words ``(rows, length)``, cut or filled at the end."""
    numbers = vocabulary.numbers(lists.flatten())
    offsets = np.asarray(lists.offsets, np.int64) - lists.offsets[0].as_py()
    real = numbers > 0
    before = np.concatenate([[0], np.cumsum(real)])
    firsts = before[offsets[:-1]]  # words before each text
    place = before[1:] - np.repeat(firsts + 1, np.diff(offsets))
    seen = real & (place < length)
    place += np.repeat(np.arange(len(lists)) * length, np.diff(offsets))
    ids = np.zeros((len(lists), length), np.int32)
    ids.ravel()[place[seen]] = numbers[seen]
    return ids


_NONE = pa.array([], pa.string())
