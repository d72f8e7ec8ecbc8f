from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from millrace.errors import DataError
from millrace.learning.texts.statistics import reference_statistics
from millrace.learning.texts.vocabulary import LONGEST, Vocabulary, WordCounts
from millrace.workflow.text_models import Tokens


def counted(*texts: str, parts: int = 1) -> WordCounts:
    whole = pa.array(texts, pa.string())
    step = -(-len(whole) // parts)
    return WordCounts.of(whole[at : at + step] for at in range(0, len(whole), step))


def test_the_most_frequent_words_are_kept_and_ties_fall_by_text() -> None:
    counts = counted("b a c", "b a c", "d b")
    assert counts.vocabulary(Tokens(min_count=1)).words == ("b", "a", "c", "d")
    assert counts.vocabulary(Tokens(vocabulary=2)).words == ("b", "a")


def test_rare_words_are_left_out() -> None:
    assert counted("a a b").vocabulary(Tokens(min_count=2)).words == ("a",)


def test_texts_of_rare_words_alone_teach_nothing() -> None:
    with pytest.raises(DataError, match=r"min_count.*2 times.*3 words"):
        counted("a b", "c").vocabulary(Tokens(min_count=2))


def test_the_cut_and_the_order_of_texts_do_not_matter() -> None:
    texts = [f"w{n % 7} w{n % 3} x" for n in range(50)]
    first, second = counted(*texts), counted(*reversed(texts), parts=9)
    assert first.vocabulary(Tokens()) == second.vocabulary(Tokens())
    assert first.lengths.tolist() == second.lengths.tolist()


def test_the_length_is_that_of_nearly_all_texts() -> None:
    texts = ["a b c"] * 98 + [" ".join("a" * 5_000)] * 2
    assert counted(*texts).length(Tokens()) == 3
    assert counted(*texts[-2:]).length(Tokens()) == LONGEST
    assert counted(*texts).length(Tokens(length=7)) == 7


def test_texts_without_words_have_a_length_all_the_same() -> None:
    assert counted("", " ").length(Tokens()) == 1


def test_numbers_begin_after_padding_and_the_unknown_word() -> None:
    vocabulary = Vocabulary(("b", "a"))
    assert vocabulary.numbers(pa.array(["a", "b", "", "new"])).tolist() == [3, 2, 0, 1]
    assert len(vocabulary) == 4


def test_the_digest_tells_words_and_their_order() -> None:
    digests = {Vocabulary(words).digest for words in (("a", "b"), ("b", "a"), ("ab",), ())}
    assert len(digests) == 4


def test_statistics_say_how_long_texts_were_and_what_the_vocabulary_knows() -> None:
    counts = counted("a a b", "a", "a b c d e")
    found = reference_statistics(counts, counts.vocabulary(Tokens()), 3)
    assert found["words_mean"] == 3
    assert found["words_quantiles"]["0.5"] == 3
    assert found["different_words"] == 5
    assert np.isclose(found["known_words"], 6 / 9)
    assert np.isclose(found["seen_whole"], 2 / 3)
