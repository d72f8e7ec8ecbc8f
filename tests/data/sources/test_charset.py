"""Bytes as characters: what can be told is told, and nothing is replaced."""

from __future__ import annotations

import pytest

from millrace.data.sources.charset import Charset, is_bytewise


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("é€\U0001f600".encode(), "é€\U0001f600"),
        ("\ufeffé".encode(), "é"),
        ("é".encode("utf-16"), "é"),
        (b"\xfe\xff" + "é".encode("utf-16-be"), "é"),
        ("é".encode("utf-32"), "é"),
        (b"caf\xe9 \x80", "café €"),
        (b"\xff\xfe\x00", None),
        (b"caf\xe9 \x81", None),
        (b"", ""),
    ],
)
def test_the_charset_of_a_file_is_told(data: bytes, text: str | None) -> None:
    assert Charset("auto").decode_file(data) == text


def test_what_was_not_utf8_is_counted() -> None:
    charset = Charset("auto")
    for data in (b"a", b"\xe9", b"\x81\xe9"):
        charset.decode(data)
    assert charset.fallbacks == 1


@pytest.mark.parametrize(
    ("encoding", "data", "text"),
    [
        ("utf-8", b"\xe9", None),
        ("latin-1", b"\xe9\x81", "é\x81"),
        ("utf-8", "\ufeffé".encode(), "é"),
        ("latin-1", b"\xff\xfea", "ÿþa"),
        ("utf-16", "é".encode("utf-16"), "é"),
    ],
)
def test_a_charset_that_is_said_is_taken(encoding: str, data: bytes, text: str | None) -> None:
    assert Charset(encoding).decode_file(data) == text


@pytest.mark.parametrize(
    "encoding", ["utf-8", "ascii", "latin-1", "cp1252", "koi8-r", "iso8859-15"]
)
def test_lines_can_be_told_in_the_bytes(encoding: str) -> None:
    assert is_bytewise(encoding)


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-32", "shift_jis", "gb18030", "utf-7", "cp037"]
)
def test_lines_cannot_be_told_in_the_bytes(encoding: str) -> None:
    assert not is_bytewise(encoding)
