"""`parse`: an e-mail's bytes to a tree of parts, in bounded time and memory.

The standard library's parser compares every line with every open boundary and holds a level of its
stack for each, so the work is estimated first, parts are counted as they are made, and headers are
read up to a length. Reads no content.
"""

from __future__ import annotations

import re
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32, Policy
from typing import Any

MOST_PARTS = 1_000
"""Parts of a message, at most."""

MOST_LEVELS = 100
"""Parts in parts, at most; a fixed number, so that no caller's stack decides what can be read."""

TOO_DEEP = f"MIME parts are nested deeper than {MOST_LEVELS} levels"

LONGEST_HEADER = 10_000
"""Characters that are read of a header, at most."""

_MOST_COMPARISONS = 20_000_000  # of lines with boundaries: some seconds
_HEADERS_END = re.compile(rb"\r?\n\r?\n|\r\r")
_BOUNDARY = re.compile(rb"boundary\s{0,9}=", re.IGNORECASE)
_KNOWN = frozenset(
    (
        *("from", "to", "cc", "bcc", "subject", "date", "sender", "reply-to", "received"),
        *("return-path", "delivered-to", "message-id", "in-reply-to", "references", "x-mailer"),
        *("mime-version", "content-type", "content-transfer-encoding", "content-disposition"),
    )
)
_POLICY = Compat32()

Part = Message


class _Bounded(Message):
    """A part whose headers are read up to `LONGEST_HEADER`."""

    def get(self, name: str, failobj: Any = None) -> Any:
        value = super().get(name, failobj)
        return value if value is failobj else str(value)[:LONGEST_HEADER]


class _Counted:
    """Makes the parts of one message, no more than `MOST_PARTS`."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, policy: Policy = _POLICY) -> Part:
        self._count += 1
        if self._count > MOST_PARTS:
            raise ValueError(f"more than {MOST_PARTS:,} MIME parts")
        return _Bounded(policy)


def parse(data: bytes) -> Part:
    """Return the tree of a message; what has no header of an e-mail is a body only.

    Raises:
        ValueError: it has too many parts, or they are nested too deep.
    """
    end = _HEADERS_END.search(data)
    head, body = (data, b"") if end is None else (data[: end.start()], data[end.end() :])
    message = BytesParser(_Counted(), policy=_POLICY).parsebytes(head + b"\n\n", headersonly=True)
    if _KNOWN.isdisjoint(name.lower() for name in message.keys()):  # noqa: SIM118
        return _body_only(_Bounded(_POLICY), data)
    if not message.get_payload(decode=True) and message.get_content_maintype() not in {
        "multipart",
        "message",
    }:
        return _body_only(message, body)
    return _tree(data)


def _body_only(message: Part, body: bytes) -> Part:
    message.set_payload(body.decode("ascii", "surrogateescape"))
    return message


def _tree(data: bytes) -> Part:
    boundaries = len(_BOUNDARY.findall(data))
    lines = data.count(b"\n") + data.count(b"\r")
    if boundaries * lines > _MOST_COMPARISONS:
        raise ValueError(f"{boundaries:,} MIME boundaries in {lines:,} lines are too many")
    try:
        return BytesParser(_Counted(), policy=_POLICY).parsebytes(data)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
