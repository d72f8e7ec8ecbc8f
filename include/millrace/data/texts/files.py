"""A record's text as a file that a person can correct, and back."""

from __future__ import annotations

from millrace.data.encoding import MESSAGE, TEXT
from millrace.data.modality import Content


def as_file(content: Content) -> tuple[bytes, str] | None:
    """Return an e-mail as it came, any other text as UTF-8; None where there is nothing."""
    data, encoding = content
    if data is None:
        return None
    return data, ".eml" if encoding == MESSAGE else ".txt"


def from_file(data: bytes, was: Content) -> Content | None:
    """Return an e-mail where it was one, else a text; None where that is not UTF-8."""
    if was[1] == MESSAGE:
        return data, MESSAGE
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return text.encode(), TEXT
