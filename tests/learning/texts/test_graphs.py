"""Graphs repeat Python to the byte: for every character there is, and for texts of many kinds."""

from __future__ import annotations

from unicodedata import category

import numpy as np
import pyarrow as pa
import pytest

from millrace.canonical_text.canonical import CanonicalText
from millrace.learning.texts.encoder import TokenEncoder
from millrace.learning.texts.vocabulary import WordCounts
from millrace.learning.texts.words import split_words
from millrace.workflow.text_models import Tokens
from millrace.workflow.texts import TextTransform

pytestmark = pytest.mark.tensorflow

_UNKNOWN = ("Cn", "Co", "Cs")  # regular expressions of different age differ on newer characters


def every_character() -> list[str]:
    """Return texts that hold each character between letters, digits and blanks."""
    signs = [sign for sign in map(chr, range(0x110000)) if category(sign) not in _UNKNOWN]
    return [
        "".join(f"a{sign}b {sign} 1{sign}2" for sign in signs[at : at + 32])
        for at in range(0, len(signs), 32)
    ]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"case": "keep", "punctuation": "drop"},
        {"unicode": "keep", "tokens": (), "entities": False},
        {"stop_words": "en"},
    ],
)
def test_every_character_is_transformed_alike(options):
    from millrace.learning.framework import tf
    from millrace.learning.texts.canonical_graph import CanonicalGraph

    transform = TextTransform(**options).model_dump()
    texts = every_character()
    expected = CanonicalText(transform)(pa.array(texts, pa.string())).to_pylist()
    found = CanonicalGraph(transform)(tf.constant(texts)).numpy()
    different = [
        (one, two.decode()) for one, two in zip(expected, found, strict=True) if one != two.decode()
    ]
    assert different == []


def test_every_character_is_split_and_numbered_alike():
    from millrace.learning.framework import tf
    from millrace.learning.texts.graph import WordGraph

    texts = every_character()
    words = WordCounts.of([pa.array(texts, pa.string())]).vocabulary(Tokens(vocabulary=1_000_000))
    length = max(len(one) for one in split_words(pa.array(texts, pa.string())).to_pylist())
    encoder = TokenEncoder(words, length)
    found = WordGraph(encoder)(tf.constant(texts)).numpy()
    np.testing.assert_array_equal(found, encoder.encode(pa.array(texts, pa.string())))


def test_texts_without_words_and_longer_ones_are_numbered_alike():
    from millrace.learning.framework import tf
    from millrace.learning.texts.graph import WordGraph

    texts = ["", " ", "a " * 9, "\u00a0", "b", "a" * 100_000]
    encoder = TokenEncoder(WordCounts.of([pa.array(["a b a b"])]).vocabulary(Tokens()), 4)
    found = WordGraph(encoder)(tf.constant(texts)).numpy()
    np.testing.assert_array_equal(found, encoder.encode(pa.array(texts, pa.string())))
