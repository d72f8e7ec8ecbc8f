"""`read_texts`: the contents of RAW records as texts, whatever they are encoded in."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from millrace.data.encoding import BYTES, MESSAGE, TEXT, UNREADABLE
from millrace.data.texts.markup import plain_texts
from millrace.data.texts.message import Mail, read_message
from millrace.errors import SpecError

Read = tuple[pa.Array, pa.Array, dict[int, str]]


def read_texts(
    contents: pa.ChunkedArray, encodings: pa.ChunkedArray, headers: Sequence[str]
) -> Read:
    """Return texts, the number of attachments of each, and why a row has no text.

    Args:
        contents: binary. encodings: see `millrace.data.encoding`.
        headers: of messages, what else to read.

    Raises:
        SpecError: an encoding is none of a text.
    """
    if pc.all(pc.equal(encodings, TEXT)).as_py() and not contents.null_count:
        try:
            texts = contents.cast(pa.string()).combine_chunks()
            return _column(texts), pa.array([0] * len(contents), pa.int32()), {}
        except pa.ArrowInvalid:
            pass  # some row is no UTF-8: see which
    return _one_by_one(contents.to_pylist(), encodings.to_pylist(), headers)


def _column(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(texts.chunks) if isinstance(texts, pa.ChunkedArray) else texts


def _one_by_one(contents: list[bytes | None], encodings: list[str], headers: Sequence[str]) -> Read:
    texts: list[str | None] = [None] * len(contents)
    attachments = [0] * len(contents)
    mails: dict[int, Mail] = {}
    failures = {}
    for row, (content, encoding) in enumerate(zip(contents, encodings, strict=True)):
        try:
            if encoding == MESSAGE and content is not None:
                mails[row] = read_message(content, headers)
                attachments[row] = mails[row].attachments
            else:
                texts[row] = _text(content, encoding)
        except ValueError as error:
            failures[row] = str(error)
    for row, text in zip(mails, _whole(list(mails.values())), strict=True):
        texts[row] = text
    return pa.array(texts, pa.string()), pa.array(attachments, pa.int32()), failures


def _text(content: bytes | None, encoding: str) -> str:
    """Return the text of a content that is no message; raise `ValueError` where it has none."""
    if encoding.startswith(UNREADABLE):
        raise ValueError(encoding.removeprefix(UNREADABLE))
    if content is None:
        raise ValueError("no content")
    if encoding == BYTES:
        raise ValueError("the bytes are no text in UTF-8, or in the encoding that the source names")
    if encoding != TEXT:
        raise SpecError(
            "a source gives no texts",
            where="encoding",
            expected=f"{TEXT!r}, {MESSAGE!r} or {BYTES!r}",
            received=encoding,
            remedy="Take a source of texts, or another task.",
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"no UTF-8: {error.reason} at byte {error.start:,}") from None


def text_of(mail: Mail) -> str:
    """Return the text of a message: subject, headers, an empty line, body."""
    return _whole([mail])[0]


def _whole(mails: list[Mail]) -> list[str]:
    """Return the text of each message: subject, headers, an empty line, body."""
    pages = [piece.text for mail in mails for piece in mail.pieces if piece.html]
    plain = iter(plain_texts(pages))
    return [
        _joined(mail, [next(plain) if p.html else p.text for p in mail.pieces]) for mail in mails
    ]


def _joined(mail: Mail, pieces: list[str]) -> str:
    head = "\n".join(line for line in (mail.subject, *mail.headers) if line)
    body = "\n".join(piece.strip("\n") for piece in pieces)
    return f"{head}\n\n{body}" if head and body else head or body
