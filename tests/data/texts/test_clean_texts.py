"""The data contract of texts: what is refused, with which reason, and what is stored."""

from __future__ import annotations

import base64
import sys
from hashlib import blake2b
from types import ModuleType
from typing import Any

import pytest

from millrace.data.schemas import QUARANTINE
from millrace.data.texts.schema import CLEAN
from millrace.errors import SpecError

WALL = base64.encodebytes(bytes(range(256)) * 8).decode()


def test_texts_are_stored_as_they_are(texts: Any) -> None:
    made = texts.clean(texts.raw(["free prize", "see you"], labels=["spam", "ham"]))
    table = made.table()
    assert table.schema.equals(CLEAN)
    assert table["content"].to_pylist() == [b"free prize", b"see you"]
    assert table["encoding"].to_pylist() == ["text", "text"]
    assert table["content_digest"][0].as_py() == blake2b(b"free prize", digest_size=16).digest()
    assert made.table("quarantine.parquet").schema.equals(QUARANTINE)


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        (None, "undecodable", "no content"),
        (b"\xff\xfe", "undecodable", "no UTF-8: invalid start byte at byte 0"),
        ("", "empty", "nothing is to be read"),
        (" \n\t\u200b\u200e\ufeff\u3164\0 ", "empty", "nothing is to be read"),
        ("x" * 1_000_001, "too_long", "1,000,001 characters; the limit is 1,000,000"),
        ("abc\0\x01\x02", "not_text", "50% are control or undecodable characters"),
        (WALL, "not_text", "99% are encoded bytes, such as base64"),
        ("DEADBEEF" * 40, "not_text", "100% are encoded bytes, such as base64"),
    ],
)
def test_what_is_no_text_is_refused(texts: Any, text: Any, reason: str, detail: str) -> None:
    assert texts.reasons("good", text) == {1: (reason, detail)}


@pytest.mark.parametrize(
    "text",
    [
        "Ok",
        ":-)",
        "😀",
        "你好",
        "שלום\u200f עולם",
        "a\0b with a NUL between words",
        "=" * 500,
        "ha" * 60,
        "https://example.org/" + "aB3/" * 50,
        "the file follows, please have a look at it\n" + WALL[:300],
    ],
)
def test_odd_texts_are_kept(texts: Any, text: str) -> None:
    assert texts.texts(text) == [text.strip()]


def test_limits_of_length_are_of_characters_without_blanks_around(texts: Any) -> None:
    length = {"shortest": 3, "longest": 4}
    assert texts.reasons(" éé ", "ééé", "éééé\n", "ééééé", length=length) == {
        0: ("too_short", "2 characters; the limit is 3"),
        3: ("too_long", "5 characters; the limit is 4"),
    }


def test_encoding_damage_is_repaired_unless_that_is_off(texts: Any) -> None:
    damaged = "itâ€™s cafÃ© time"
    assert texts.texts(damaged) == ["it’s café time"]
    assert texts.texts(damaged, repair="keep") == [damaged]


def test_repaired_texts_are_equal_to_whole_ones(texts: Any) -> None:
    made = texts.clean(texts.raw(["it’s", "itâ€™s", "it’s "]))
    assert made.result.counts.duplicates == 2


def test_what_looks_damaged_in_another_language_stays(texts: Any) -> None:
    words = ["naïve façade", "ÄÖÜ straße", "привет", "日本語", "ÃO PAULO"]
    assert texts.texts(*words) == words


def test_a_text_that_is_surely_of_another_language_is_refused(texts: Any) -> None:
    german = "Dieser Text ist ganz bestimmt auf Deutsch geschrieben worden."
    english = "This text has certainly been written in English, I believe."
    found = texts.reasons(german, english, "Ok", "12345", languages=["en"])
    assert {row: reason for row, (reason, _) in found.items()} == {0: "wrong_language"}
    assert not texts.reasons(german, english, languages=["en", "de"])


def test_a_language_that_cannot_be_told_is_an_error(texts: Any) -> None:
    with pytest.raises(SpecError, match="xx"):
        texts.reasons("text", languages=["xx"])


@pytest.mark.parametrize(
    ("encoding", "detail"),
    [
        ("bytes", "the bytes are no text in UTF-8, or in the encoding that the source names"),
        ("unreadable;row 3 has 5 columns", "row 3 has 5 columns"),
    ],
)
def test_what_a_source_could_not_read_is_undecodable(
    texts: Any, encoding: str, detail: str
) -> None:
    assert texts.reasons("x", encoding=encoding) == {0: ("undecodable", detail)}


def test_pictures_are_an_error_of_the_spec(texts: Any) -> None:
    with pytest.raises(SpecError, match="gives no texts"):
        texts.clean(texts.raw([b"png"], encoding="file"))


def test_messages_become_texts_with_their_attachments_counted(texts: Any) -> None:
    mail = (
        b"From: x@example.org\nSubject: Hi\nContent-Type: multipart/mixed; boundary=b\n\n"
        b"--b\nContent-Type: text/html\n\n<p>one</p>two\n--b\nContent-Type: image/png\n\nx\n--b--"
    )
    table = texts.clean(texts.raw([mail], encoding="message")).table()
    assert table["content"].to_pylist() == [b"Hi\n\none\ntwo"]
    assert table["attachments"].to_pylist() == [1]
    assert texts.texts(mail, encoding="message", headers=["from"]) == [
        "Hi\nFrom: x@example.org\n\none\ntwo"
    ]


def test_a_bomb_is_refused_beside_good_messages(texts: Any) -> None:
    bomb = b"Subject: x\n" + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 3_000
    found = texts.reasons(b"Subject: a\n\nb", bomb, encoding="message")
    assert [(row, reason) for row, (reason, _) in found.items()] == [(1, "undecodable")]


def test_equal_texts_of_different_labels_are_refused(texts: Any) -> None:
    made = texts.clean(texts.raw(["win", "win ", "hi"], labels=["spam", "ham", "ham"]))
    rows = made.table("quarantine.parquet").to_pylist()
    assert [row["reason"] for row in rows] == ["conflicting_label"] * 2


def test_a_users_rule_sees_texts_and_labels(texts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("own_rules")
    module.loud = lambda texts, labels: [  # type: ignore[attr-defined]
        f"shouts as {label}" if text.isupper() else False
        for text, label in zip(texts, labels, strict=True)
    ]
    monkeypatch.setitem(sys.modules, "own_rules", module)
    found = texts.reasons("quiet", "LOUD", None, rules=["own_rules:loud"])
    assert found[1] == ("rule:loud", "shouts as a")
    assert found[2][0] == "undecodable"


def test_a_line_of_ten_megabytes_is_refused_and_not_fatal(texts: Any) -> None:
    assert texts.reasons("é" * 5_000_000, "good")[0][0] == "too_long"
