from __future__ import annotations

import random

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from millrace.learning.texts.words import RULES, split_words


def words(text: str) -> list[str]:
    return [word for word in split_words(pa.array([text], pa.string()))[0].as_py() if word]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't stop, it's 2 l8!", ["Don't", "stop", ",", "it's", "2", "l8", "!"]),
        ("'quoted' rock'n'roll'", ["'", "quoted", "'", "rock'n'roll", "'"]),
        ("win £1.50 a_b", ["win", "£", "1", ".", "50", "a", "_", "b"]),
        ("call URL now", ["call", "URL", "now"]),
        ("\ttabs\u00a0and\u3000\u2028blanks\r\n", ["tabs", "and", "blanks"]),
        ("zero\u200bwidth\u0000nul", ["zero", "width", "nul"]),
        ("ok👍🏽❤️👨\u200d👩", ["ok", "👍", "🏽", "❤️", "👨", "👩"]),
        ("été ÉTÉ e\u0301te\u0301", ["été", "ÉTÉ", "e\u0301te\u0301"]),
        ("Привет мир", ["Привет", "мир"]),
        ("你好abc世界", ["你", "好", "abc", "世", "界"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("", []),
        ("  \u00a0 ", []),
    ],
)
def test_words_and_marks_of_any_script(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_no_sign_that_is_not_blank_is_lost() -> None:
    text = "".join(chr(point) for point in range(0x20, 0x3000) if chr(point).isprintable())
    kept = "".join(words(text))
    assert kept == "".join(sign for sign in text if not sign.isspace())


def test_texts_are_split_by_themselves() -> None:
    lists = split_words(pa.array(["a b", "", "c"]).slice(0))
    assert [[w for w in one if w] for one in lists.to_pylist()] == [["a", "b"], [], ["c"]]


def test_ascii_is_split_by_the_rules_of_all_scripts() -> None:
    draw = random.Random(7)
    signs = [*map(chr, range(128)), *"'''''aZ09 "]
    texts = ["".join(draw.choices(signs, k=30)) for _ in range(2_000)]
    texts[::7] = [text + "’é 你" for text in texts[::7]]
    expected = pa.array(texts)
    for pattern, replacement in RULES:
        expected = pc.replace_substring_regex(expected, pattern, replacement)
    assert split_words(pa.array(texts)).equals(pc.split_pattern(expected, " "))


def test_no_texts_have_no_words() -> None:
    assert len(split_words(pa.array([], pa.string()))) == 0
