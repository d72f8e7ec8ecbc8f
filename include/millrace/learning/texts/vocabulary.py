"""`Vocabulary`: the words that a model tells apart, and how often texts had them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.artifacts.digests import digest_value
from millrace.errors import DataError
from millrace.learning.texts.words import split_words
from millrace.workflow.text_models import Tokens

PADDING, UNKNOWN = 0, 1
"""Numbers that stand for no word and for a word that is not in the vocabulary."""

LONGEST = 512
"""Words of a text that a network sees, at most, unless a spec says more."""

_COVERED = 0.98  # share of the training texts that the network sees to their end
_WAITING = 1 << 20  # words that are counted before counts are added up

Ids = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Vocabulary:
    """Words in the order of their numbers, which begin at 2.

    Attributes:
        words: different ones, the most frequent first.
    """

    words: tuple[str, ...]

    def __len__(self) -> int:
        """Return how many numbers there are, padding and the unknown word included."""
        return len(self.words) + 2

    @cached_property
    def digest(self) -> str:
        """Digest of the words in their order."""
        return digest_value(list(self.words))

    @cached_property
    def _known(self) -> pa.Array:
        return pa.array(["", *self.words], pa.string())

    @cached_property
    def _numbers(self) -> Ids:
        """Numbers of what `_known` holds, and last that of what it does not."""
        numbers = np.arange(UNKNOWN, len(self) + 1, dtype=np.int32)
        numbers[0], numbers[-1] = PADDING, UNKNOWN
        return numbers

    @cached_property
    def _by_word(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words, UNKNOWN + 1)}

    def number(self, word: str) -> int:
        """Return the number of a word that is not empty."""
        return self._by_word.get(word, UNKNOWN)

    def numbers(self, words: pa.Array) -> Ids:
        """Return the number of each word ``(words,)``; 0 for empty ones."""
        places = pc.fill_null(pc.index_in(words, self._known), -1)
        found: Ids = self._numbers[np.asarray(places)]
        return found


@dataclass(frozen=True)
class WordCounts:
    """What the training split's words were.

    Attributes:
        words, counts: each different word and how often it occurs; in no order.
        lengths: number of texts of each length ``(longest + 1,)``, in words.
    """

    words: pa.Array
    counts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]

    @classmethod
    def of(cls, texts: Iterable[pa.Array]) -> WordCounts:
        """Count the words of texts; memory is bounded by the different words."""
        counted = _Counter()
        for some in texts:
            counted.add(split_words(some))
        return counted.close()

    def vocabulary(self, tokens: Tokens) -> Vocabulary:
        """Return the most frequent words; of equally frequent ones the first by their text.

        Raises:
            DataError: no word is frequent enough.
        """
        table = pa.table({"word": self.words, "count": self.counts})
        table = table.filter(pc.field("count") >= tokens.min_count)
        if not table.num_rows:
            raise DataError(
                "no word of the training texts is frequent enough",
                where="model.tokens.min_count",
                expected=f"a word that occurs {tokens.min_count} times",
                received=f"{len(self.words):,} words, each less often",
                remedy="Lower min_count, or check what the texts are.",
            )
        table = table.sort_by([("count", "descending"), ("word", "ascending")])
        return Vocabulary(tuple(table["word"][: tokens.vocabulary].to_pylist()))

    def length(self, tokens: Tokens) -> int:
        """Return how many words of a text a network sees."""
        return tokens.length or min(max(self.quantile(_COVERED), 1), LONGEST)

    def quantile(self, share: float) -> int:
        """Return the smallest length that this share of the texts does not exceed."""
        below = np.cumsum(self.lengths)
        return int(np.searchsorted(below, share * below[-1])) if len(below) else 0


class _Counter:
    def __init__(self) -> None:
        self._waiting: list[pa.Array] = []
        self._size = 0
        self._counts = pa.table({"word": pa.array([], pa.string()), "count": pa.array([], "int64")})
        self._lengths = np.zeros(1, np.int64)

    def add(self, lists: pa.ListArray) -> None:
        words = lists.flatten()
        real = np.asarray(pc.not_equal(words, ""))
        ends = np.concatenate([[0], np.cumsum(real)])
        starts = np.asarray(lists.offsets) - lists.offsets[0].as_py()
        lengths = np.bincount(np.diff(ends[starts]), minlength=len(self._lengths))
        lengths[: len(self._lengths)] += self._lengths
        self._lengths = lengths
        self._waiting.append(words.filter(pa.array(real)))
        self._size += int(ends[-1])
        if self._size > _WAITING:
            self._fold()

    def close(self) -> WordCounts:
        self._fold()
        table = self._counts.combine_chunks()
        counts = np.asarray(table["count"], np.int64)
        return WordCounts(table["word"].combine_chunks(), counts, self._lengths)

    def _fold(self) -> None:
        """Add what waits to the counts."""
        parts = [self._counts]
        for words in self._waiting:
            found = pc.value_counts(words)
            parts.append(pa.table({"word": found.field(0), "count": found.field(1)}))
        grouped = pa.concat_tables(parts).group_by("word").aggregate([("count", "sum")])
        self._counts = grouped.select(["word", "count_sum"]).rename_columns(["word", "count"])
        self._waiting, self._size = [], 0
