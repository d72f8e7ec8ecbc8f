"""`read_message`: the subject and the texts of one e-mail. Makes no text of HTML, see `markup`.

A malformed message is read as far as possible.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message

from millrace.data.texts.charsets import decode
from millrace.data.texts.mime import LONGEST_HEADER, MOST_LEVELS, TOO_DEEP, Part, parse

_META = re.compile(rb"<meta[^<>]{0,200}charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_META_WITHIN = 2_048  # bytes
_PAGE = re.compile(rb"\s{0,99}<(?:!doctype html|html|head|body)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Piece:
    """A text of a message's body.

    Attributes:
        text: of characters that UTF-8 can hold; lines end with line feeds.
        html: whether it is a page of HTML, declared or not.
    """

    text: str
    html: bool


@dataclass(frozen=True)
class Mail:
    """What is read of a message.

    Attributes:
        subject: None where there is none.
        headers: the others that were asked for, as ``Name: value``.
        pieces: of the body, in order.
        attachments: the number of parts that are not read.
    """

    subject: str | None
    headers: tuple[str, ...]
    pieces: tuple[Piece, ...]
    attachments: int


def read_message(data: bytes, headers: Sequence[str] = ()) -> Mail:
    """Read an e-mail.

    Args:
        headers: names of further headers to read.

    Raises:
        ValueError: it cannot be read; the text says why.
    """
    try:
        message = parse(data)
        pieces, attachments = _body(message)
        subject = _header(message, "subject")
        return Mail(subject, _further(message, headers), tuple(pieces), attachments)
    except ValueError:
        raise
    except Exception as error:  # the standard library's parser raises almost anything
        raise ValueError(f"not a message: {type(error).__name__}: {error}") from error


def _further(message: Part, names: Sequence[str]) -> tuple[str, ...]:
    values = ((name, _header(message, name)) for name in names)
    return tuple(f"{name.capitalize()}: {value}" for name, value in values if value)


def _header(message: Part, name: str) -> str | None:
    """Return a header's words (RFC 2047) in one line; None where it is missing or empty."""
    raw = next((str(v) for n, v in message.raw_items() if n.lower() == name.lower()), None)
    if raw is None:
        return None
    bare = raw[:LONGEST_HEADER].encode("utf-8", "surrogateescape")
    raw = decode(bare, message.get_content_charset())
    try:
        words = decode_header(raw) if "=?" in raw else [(raw, None)]
    except HeaderParseError:
        words = [(raw, None)]
    text = "".join(word if isinstance(word, str) else _word(word, code) for word, code in words)
    return " ".join(_encodable(text).split()) or None


def _word(word: bytes, charset: str | None) -> str:
    return decode(word, charset) if charset else word.decode("raw_unicode_escape", "replace")


def _body(part: Part, level: int = 0) -> tuple[list[Piece], int]:
    """Return the texts of a part, and how many attachments are in it."""
    if level > MOST_LEVELS:
        raise ValueError(TOO_DEEP)
    if part.get_content_disposition() == "attachment":
        return [], 1
    if not part.is_multipart():
        return _leaf(part)
    inner = (one for one in part.get_payload() if isinstance(one, Message))
    bodies = [_body(one, level + 1) for one in inner]
    attachments = sum(count for _, count in bodies)
    pieces = [found for found, _ in bodies]
    if part.get_content_subtype() == "alternative":
        return _best(pieces), attachments
    return [piece for found in pieces for piece in found], attachments


def _best(alternatives: list[list[Piece]]) -> list[Piece]:
    """Return plain text where there is any, else the last that says anything (RFC 2046)."""
    said = [found for found in alternatives if any(piece.text.strip() for piece in found)]
    plain = [found for found in said if not any(piece.html for piece in found)]
    return (plain or said or [[]])[-1]


def _leaf(part: Part) -> tuple[list[Piece], int]:
    if part.get_content_maintype() not in {"text", "multipart", "message"}:
        return [], 1
    data = part.get_payload(decode=True)
    data = data if isinstance(data, bytes) else b""
    html = part.get_content_type() == "text/html" or bool(_PAGE.match(data))
    charset = part.get_content_charset()
    if html and charset is None and (named := _META.search(data[:_META_WITHIN])):
        charset = named[1].decode("ascii")
    text = _encodable(decode(data, charset)).replace("\r\n", "\n").replace("\r", "\n")
    return [Piece(text, html)], 0


def _encodable(text: str) -> str:
    """Return the text without the lone surrogates that UTF-7 and UTF-16 may leave."""
    return text.encode("utf-8", "replace").decode("utf-8")
