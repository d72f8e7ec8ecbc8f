"""The words of one text by Python: those of `split_words`, whatever the text holds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.learning.texts.encoder import TokenEncoder
from millrace.learning.texts.few_words import words_of
from millrace.learning.texts.vocabulary import Vocabulary
from millrace.learning.texts.words import split_words

PARTS = [
    *("a", "Don't", "'", "’", "''", "b2", "9", "_", "£", "!", " ", "\t", "\n", "\0", "\x85"),
    *("\xa0", "\xad", "\u200b", "\u200d", "\u2028", "\u202f", "\u3000", "\u180e", "\ue000"),
    *("é", "e\u0301", "\u0301", "\u0300", "ß", "Ж", "ع", "\u064b", "न", "्", "ि", "你", "々", "⺀"),
    *("ア", "ｱ", "ﾞ", "か", "\u3099", "ก", "ั", "่", "๑", "ລ", "ັ", "ក", "្", "က", "်", "၁", "한", "가"),
    *("😀", "👍", "🏽", "❤", "\ufe0f", "🇩🇪", "½", "²", "Ⅷ", "㋐", "ﷺ", "\u0378", "\U000e0041"),
    *("〇", "\U0010fffd"),
]  # fmt: skip
texts = st.lists(
    st.one_of(st.sampled_from(PARTS), st.characters(exclude_categories=["Cs"])), max_size=30
).map("".join)


def assert_alike(some: list[str]) -> None:
    lists = split_words(pa.array(some, pa.string())).to_pylist()
    assert [words_of(text) for text in some] == [[w for w in words if w] for words in lists]


@given(st.lists(texts, min_size=20, max_size=20))
@settings(max_examples=10, deadline=None)
def test_one_text_is_split_as_many_are(some: list[str]) -> None:
    assert_alike(some)


def test_characters_are_split_alike_in_all_places() -> None:
    points = (*range(0x3200), *range(0xA000, 0xAC00, 3), *range(0x10000, 0x20000, 7))
    assert_alike([f"{c}a{c}{c}'{c}\u0301你{c}" for c in map(chr, points)])


@pytest.mark.data
def test_messages_are_split_as_they_are_together(data_folder) -> None:
    path = data_folder / "sms-spam-collection" / "SMSSpamCollection"
    assert_alike(path.read_text(encoding="utf-8").splitlines())


def test_an_encoder_numbers_few_texts_as_many() -> None:
    encoder = TokenEncoder(Vocabulary(("hello", "👍", "мир", "'")), 4)
    some = ["hello 'мир' 👍", "", "你hello", "hello " * 9, "\0 ", "’x"]
    together = encoder.encode(pa.array(some * 10))
    singly = [encoder.encode(pa.array([text])) for text in some]
    np.testing.assert_array_equal(np.concatenate(singly), together[: len(some)])
    assert encoder.encode(pa.array(["hello", None])).tolist() == [[2, 0, 0, 0], [0, 0, 0, 0]]
