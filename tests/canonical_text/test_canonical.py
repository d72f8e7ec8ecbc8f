"""Canonical texts: what each step makes, and that table and expressions say it all."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from millrace.canonical_text.canonical import CanonicalText
from millrace.canonical_text.characters import characters
from millrace.canonical_text.patterns import patterns
from millrace.errors import SpecError
from millrace.workflow.texts import TextTransform

NONE = {"tokens": []}


def canonical(text: str, **values: Any) -> str:
    transform = TextTransform(**values).model_dump(mode="json")
    made: str = CanonicalText(transform)(pa.array([text]))[0].as_py()
    return made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("  Two\n\n LINES\t", "two lines"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ ﬁne", "full width fine"),
        ("v\u200bi\u00adag\u200dra\ufeff", "viagra"),
        ("שלום \u200f\u202bעולם\u202c", "שלום עולם"),
        ("“it’s” – 𝕙𝕖𝕝𝕝𝕠", '"it\'s" - hello'),
        ("a\0b\x07c\x85d\u2028e", "a b c d e"),
        ("ÀÉ ПРИВЕТ ΣΑΣ", "àé привет σασ"),
        ("👍🏽 ❤\ufe0f", "👍🏽 ❤"),
        ("tea &amp; &LT;b&gt; it&#39;s&nbsp;ok", "tea & <b> it's ok"),
        ("", ""),
        ("\u200b \0", ""),
    ],
)
def test_characters_become_plain(text: str, made: str) -> None:
    assert canonical(text, **NONE) == made


def test_steps_can_be_left_out() -> None:
    text = "Ｆull “A” &amp; B"
    kept = canonical(text, unicode="keep", case="keep", entities=False, **NONE)
    assert kept == text
    assert canonical(text, unicode="keep", **NONE) == "ｆull “a” & b"
    assert canonical(text, case="keep", **NONE) == 'Full "A" & B'


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("see http://a.example/b?c=d&e=f.", "see URL ."),
        ("www.Example.COM/x, ftp://x.y", "URL , URL"),
        ("visit ebay.com now", "visit URL now"),
        ("end.Start of a sentence", "end.start of a sentence"),
        ("write to First.Last+x@mail.example.co.uk!", "write to EMAIL !"),
        ("win £1,000.50 or 150p or $5 million or 20 euros", "win " + "AMOUNT or " * 3 + "AMOUNT"),
        ("usd 500, 20pence; 3 people", "AMOUNT , AMOUNT ; 3 people"),
        ("call 09061701461 or +44 7973 788240", "call PHONE or PHONE"),
        ("(212) 613-1648, 0871-872-0201", "PHONE , PHONE"),
        ("on 12/10/2002 at 10:30 for 81010", "on NUMBER at NUMBER for NUMBER"),
        ("4 u 2nite, 3G and mp3", "4 u 2nite, 3g and mp3"),
    ],
)
def test_what_identifies_becomes_a_token(text: str, made: str) -> None:
    assert canonical(text) == made


def test_only_wanted_tokens_are_made() -> None:
    assert canonical("a@b.example 12345", tokens=["number"]) == "a@b.example NUMBER"


def test_punctuation_is_dropped_where_asked_for() -> None:
    text = "Don't STOP!!! (really) <3 £5 😀"
    assert canonical(text, punctuation="drop", **NONE) == "dont stop really 3 £5 😀"


def test_stop_words_go_and_tokens_stay() -> None:
    text = "The number of the house is the 12345 and the theory IS it"
    assert canonical(text, stop_words="en") == "house NUMBER theory"
    assert canonical(text, stop_words="en", case="keep") == "number house NUMBER theory"
    assert canonical("für die Fußgänger", stop_words="de") == "fußgänger"


def test_words_are_cut_to_stems_and_tokens_are_not() -> None:
    assert canonical("winning prizes 12345", stem="en") == "win prize NUMBER"


@pytest.mark.parametrize("values", [{"stop_words": "xx"}, {"stem": "xx"}])
def test_an_unknown_language_is_an_error(values: Any) -> None:
    with pytest.raises(SpecError, match="xx"):
        canonical("text", **values)


def test_canonical_texts_stay_as_they_are() -> None:
    for text in ("Win £100 at WWW.x.com!", "👍🏽 ＡＢＣ a\0b", "it’s 12345 &amp; more"):
        assert canonical(once := canonical(text)) == canonical(once)


def test_a_text_does_not_depend_on_its_neighbours() -> None:
    texts = ["Plain\tASCII $\t5", "Ünïcode $\t5", "", "\x7f£\n5"]
    together = CanonicalText({})(pa.array(texts)).to_pylist()
    assert together == [canonical(text) for text in texts]


def test_table_and_expressions_say_it_all() -> None:
    texts = ["Plain\tASCII $\t5 \x01", "“Ünïcode” ＄\t5", "İstanbul ǅ 12345 a@b.example", "ﷺ"]
    table = characters({})
    made = pa.array(["".join(table.get(ord(c), c) for c in text) for text in texts])
    for pattern, replacement in patterns({}):
        made = pc.replace_substring_regex(made, pattern, replacement)
    assert CanonicalText({})(pa.array(texts)).equals(made)


def test_expressions_take_time_linear_in_the_text() -> None:
    for text in ("a@" * 400_000, "www." * 200_000, "1 " * 400_000, "the " * 200_000, "'" * 800_000):
        canonical(text, stop_words="en", punctuation="drop")
