"""E-mails: what is read of MIME trees, whatever is wrong with them, and that bombs end soon."""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from typing import Any

import pytest

from millrace.data.texts.message import Mail, read_message
from millrace.data.texts.mime import MOST_LEVELS

PLAIN = b"From: a@example.org\nSubject: Hello\n"


def message(*lines: str | bytes, head: bytes = PLAIN) -> bytes:
    return head + b"\n".join(n.encode() if isinstance(n, str) else n for n in lines)


def body(mail: Mail) -> str:
    return "\n".join(piece.text for piece in mail.pieces)


def nested(levels: int, lines: int = 0) -> bytes:
    heads = [
        f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n'.encode()
        for n in range(levels)
    ]
    return PLAIN + b"".join(heads) + b"Content-Type: text/plain\n\ndeep" + b"\nx" * lines


def test_subject_and_body_are_read() -> None:
    mail = read_message(message("", "first", "second"))
    assert (mail.subject, body(mail), mail.attachments) == ("Hello", "first\nsecond", 0)


def test_other_headers_are_read_only_where_asked_for() -> None:
    data = message("X-List: <friends>", "", "text")
    assert read_message(data).headers == ()
    assert read_message(data, ["from", "x-list", "to"]).headers == (
        "From: a@example.org",
        "X-list: <friends>",
    )


@pytest.mark.parametrize(
    ("subject", "read"),
    [
        (b"=?utf-8?q?caf=C3=A9?=", "café"),
        (b"=?x-unknown?b?aGk=?=", "hi"),
        (b"=?iso-8859-1?q?a?= =?iso-8859-1?q?_b?=", "a b"),
        (b"caf\xe9", "café"),
        ("café".encode(), "café"),
        (b"=?utf-8?b?a?=", "=?utf-8?b?a?="),
        (b"two\n\tlines", "two lines"),
        (b"", None),
    ],
)
def test_subjects_are_decoded(subject: bytes, read: str | None) -> None:
    assert read_message(b"Subject: " + subject + b"\n\nx").subject == read


@pytest.mark.parametrize(
    ("charset", "data", "read"),
    [
        ("utf-8", "naïve €".encode(), "naïve €"),
        ("iso-8859-1", b"\x93quoted\x94", "“quoted”"),
        ("us-ascii", "naïve".encode(), "naïve"),
        ("utf-8", b"caf\xe9 and much more of plain text", "café and much more of plain text"),
        ("x-unknown", b"caf\xe9", "café"),
        ("base64", b"caf\xe9", "café"),
        ("punycode", b"caf\xe9", "café"),
        ("gb2312", "你好，朱镕基".encode("gb18030"), "你好，朱镕基"),
        ("x-sjis", "日本".encode("cp932"), "日本"),
        ("utf-16", b"\xff", "ÿ"),
        ("utf-7", b"+2AA-", "?"),
    ],
)
def test_a_wrong_or_unknown_charset_harms_nothing(charset: str, data: bytes, read: str) -> None:
    mail = read_message(message(f"Content-Type: text/plain; charset={charset}", "", data))
    assert body(mail) == read


def test_a_missing_charset_is_guessed() -> None:
    assert body(read_message(message("", "grüße".encode()))) == "grüße"
    assert body(read_message(message("", "grüße".encode("latin-1")))) == "grüße"


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit", "x-unknown"])
def test_transfer_encodings_are_undone(encoding: str) -> None:
    data = {"base64": base64.b64encode(b"text = t"), "quoted-printable": b"text =3D t"}
    head = f"Content-Transfer-Encoding: {encoding}"
    assert body(read_message(message(head, "", data.get(encoding, b"text = t")))) == "text = t"


def test_broken_base64_is_read_as_far_as_possible() -> None:
    mail = read_message(message("Content-Transfer-Encoding: base64", "", "aGVsbG8gd29ybGQ=\n!!"))
    assert "hello world" in body(mail)


def test_of_alternatives_the_plain_text_is_read() -> None:
    made = EmailMessage()
    made["Subject"] = "Hello"
    made.set_content("plain")
    made.add_alternative("<p>rich</p>", subtype="html")
    assert [(p.text.strip(), p.html) for p in read_message(bytes(made)).pieces] == [
        ("plain", False)
    ]


def test_of_alternatives_html_is_read_where_the_plain_text_is_empty() -> None:
    made = EmailMessage()
    made["Subject"] = "Hello"
    made.set_content(" ")
    made.add_alternative("<p>rich</p>", subtype="html")
    assert [piece.html for piece in read_message(bytes(made)).pieces] == [True]


def _other() -> EmailMessage:
    made = EmailMessage()
    made["Subject"] = "Secret"
    made.set_content("secret")
    return made


def test_attachments_are_counted_and_not_read() -> None:
    made = EmailMessage()
    made["Subject"] = "Hello"
    made.set_content("see the files")
    made.add_attachment(b"secret", maintype="image", subtype="png", filename="a@example.org")
    made.add_attachment("secret", filename="notes.txt")
    made.add_attachment(_other(), filename="other.eml")
    mail = read_message(bytes(made))
    assert (mail.attachments, body(mail)) == (3, "see the files\n")


def test_html_that_calls_itself_plain_is_html() -> None:
    mail = read_message(message("", "<!DOCTYPE html><html><b>x</b>"))
    assert mail.pieces[0].html


def test_the_charset_of_a_page_is_that_of_its_meta_element() -> None:
    page = '<html><meta charset="windows-1251">привет'.encode("cp1251")
    assert "привет" in body(read_message(message("Content-Type: text/html", "", page)))


@pytest.mark.parametrize(
    "data", [b"", b"just a line", b"a: b\n\nno header of an e-mail", b"\0\xff"]
)
def test_a_message_without_headers_is_a_body(data: bytes) -> None:
    mail = read_message(data)
    assert mail.subject is None
    assert body(mail).encode("cp1252").startswith(data)


def test_a_multipart_without_its_boundary_is_a_text() -> None:
    mail = read_message(message("Content-Type: multipart/mixed", "", "still to be read"))
    assert body(mail) == "still to be read"


def test_an_unended_multipart_is_read() -> None:
    assert body(read_message(nested(2))) == "deep"


def test_what_can_be_read_depends_on_no_caller() -> None:
    def called(depth: int, levels: int) -> Any:
        return called(depth - 1, levels) if depth else read_message(nested(levels))

    assert body(called(400, MOST_LEVELS)) == "deep"
    with pytest.raises(ValueError, match="nested deeper than 100 levels"):
        called(400, MOST_LEVELS + 1)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (nested(5_000), "MIME"),
        (nested(MOST_LEVELS + 1), "nested deeper than 100 levels"),
        (nested(900), "nested deeper than 100 levels"),
        (nested(300, 400_000), "boundaries"),
        (nested(1) + b"\n--b0\n\nx" * 200_000, "more than 1,000 MIME parts"),
        (PLAIN + b"Content-Type: message/rfc822\n\n" * 3_000 + b"x", "MIME"),
    ],
)
def test_mime_bombs_are_refused_soon(data: bytes, reason: str) -> None:
    started = time.process_time()
    with pytest.raises(ValueError, match=reason):
        read_message(data)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type: text/plain" + b';"' * 500_000,
        b"Content-Type: " + b"multipart/" * 100_000,
        b"Subject: " + b"=?a?q?" * 200_000,
        b"Content-Disposition: attachment" + b"; a*0*=x" * 100_000,
        b"X: y\n" * 100_000 + b"Subject: z",
    ],
)
def test_hostile_headers_end_soon(header: bytes) -> None:
    started = time.process_time()
    read_message(header + b"\n\nbody")
    assert time.process_time() - started < 3


def _cut(data: bytearray, at: int, draw: random.Random) -> None:
    del data[at : at + draw.randrange(40)]


def _flip(data: bytearray, at: int, draw: random.Random) -> None:
    data[at] = draw.randrange(256)


def _repeat(data: bytearray, at: int, draw: random.Random) -> None:
    data[at:at] = data[: draw.randrange(200)]


@pytest.mark.parametrize("change", [_cut, _flip, _repeat])
def test_damaged_messages_are_read_or_refused(
    change: Callable[[bytearray, int, random.Random], None],
) -> None:
    made = EmailMessage()
    made["Subject"], made["From"] = "Grüße", "Å <a@example.org>"
    made.set_content("plain ü")
    made.add_alternative("<p>rich ü</p>", subtype="html")
    made.add_attachment(b"file", maintype="application", subtype="zip", filename="ü.zip")
    whole, draw = bytes(made), random.Random(0)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(draw.randrange(1, 6)):
            change(data, draw.randrange(len(data)), draw)
        with suppress(ValueError):
            body(read_message(bytes(data))).encode()
