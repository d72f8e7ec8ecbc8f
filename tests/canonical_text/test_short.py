"""A few short texts: the same canonical texts by Python as by pyarrow, whatever they hold."""

from __future__ import annotations

import time
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.canonical_text.canonical import CanonicalText
from millrace.canonical_text.few import few
from millrace.canonical_text.patterns import patterns
from millrace.canonical_text.short import LONGEST, ShortTexts
from millrace.workflow.texts import TextTransform

TRANSFORMS: dict[str, dict[str, Any]] = {
    "default": {},
    "kept": {"unicode": "keep", "case": "keep"},
    "bare": {"punctuation": "drop", "stop_words": "en", "stem": "en"},
    "german": {"case": "keep", "stop_words": "de", "tokens": ["url", "number"]},
}
MANY = ["x"] * 40

PARTS = [
    *("&lt;", "&AMP;", "&#039;", "&apos;", "&nbsp;", "a@b.c", "X.Y_z@Q.example", "@", "a.b.", "_"),
    *("http://", "www.", "WWW.x", "//", "x.com", ".de/", "?a=b", "end.", "(", ")]", "'", '"', ">"),
    *("£", "$", "€1,0.5", "₹", "usd ", "Rs.", "5p", " pounds", "million", "k", "K", "s", "bn"),
    *("+44", "00", "079", "0871-872-0201", "(212) 613-1648", " ", ".", "-", "1", "23", "456"),
    *("1234567890", ",", ":", "/", "the", "Für", "don't", "NUMBER", "İ", "ı", "ſ", "\u212a"),
    *("\t", "\n", "\r\n", "\x0b", "\x0c", "\x1c", "\x1f", "\x7f", "\x85", "\xa0", "\0", "\u200b"),
    *("\u2028", "\u3000", "\u2003", "\ufeff", "\ufdfa", "ﬁ", "ſt", "é", "e\u0301", "ß", "Σ", "你"),
    *("😀", "👍🏽", "❤\ufe0f", "\u200d", "٣", "३", "２", "＠", "．", "Ａ", "ᾳ", "मस्", "ไทย"),
    "\U0010ffff",
]  # fmt: skip
texts = st.lists(
    st.one_of(st.sampled_from(PARTS), st.characters(exclude_categories=["Cs"])), max_size=14
).map("".join)


def assert_alike(some: list[str], values: dict[str, Any]) -> None:
    canonical = CanonicalText(TextTransform(**values).model_dump(mode="json"))
    expected = canonical(pa.array(some + MANY, pa.string())).to_pylist()
    made = [canonical(pa.array([text]))[0].as_py() for text in some]
    assert made == expected[: len(some)]


@pytest.mark.parametrize("name", TRANSFORMS)
@given(st.lists(texts, min_size=20, max_size=20))
@settings(max_examples=8, deadline=None)
def test_few_texts_become_what_many_do(name: str, some: list[str]) -> None:
    assert_alike(some, TRANSFORMS[name])


@pytest.mark.parametrize("name", ["default", "kept"])
def test_characters_are_taken_alike_in_all_places(name: str) -> None:
    signs = [chr(p) for p in (*range(0x700), *range(0x1E00, 0x2300), *range(0x2FF0, 0x3020))]
    some = [f"{c}a{c}1{c}23{c} www.a{c}b.com{c} s@{c}.k 5{c}p" for c in signs]
    assert_alike(some, TRANSFORMS[name])


@pytest.mark.data
def test_messages_become_what_they_do_together(data_folder) -> None:
    path = data_folder / "sms-spam-collection" / "SMSSpamCollection"
    lines = path.read_text(encoding="utf-8").splitlines()
    assert_alike([line.partition("\t")[2] for line in lines], {})


def test_long_words_are_left_to_what_takes_linear_time() -> None:
    short = ShortTexts(patterns({}))
    assert short(["a" * LONGEST + " b"]) == ["a" * LONGEST + " b"]
    assert short(["b", "a" * (LONGEST + 1)]) is None


@pytest.mark.parametrize(
    "word", ["a", "a.", "1.", "1,", "1-", "@a", "www.", "a-", "-", "$1", "\ufdfa"]
)
def test_hostile_texts_take_no_time(word: str) -> None:
    text = ((word * LONGEST)[:LONGEST] + " ") * 50
    canonical = CanonicalText({})
    canonical(pa.array(["a"]))
    began = time.process_time()
    canonical(pa.array([text[:4_000]]))
    assert time.process_time() - began < 0.25


def test_many_or_long_texts_or_absent_ones_are_not_few() -> None:
    assert few(pa.array(["a"] * 32)) == ["a"] * 32
    assert few(pa.array(["a"] * 33)) is None
    assert few(pa.array(["a" * 5_000])) is None
    assert few(pa.array(["a", None])) is None
    assert few(pa.array(["a" * 5_000, "b"]).slice(1)) == ["b"]
    assert few(pa.array([], pa.string())) == []
    assert few(pa.array([b"\xff"]).view(pa.string())) is None
