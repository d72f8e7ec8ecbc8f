from __future__ import annotations

import pyarrow as pa
import pytest

from millrace.learning.texts.words import split_words


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
