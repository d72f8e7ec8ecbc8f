"""`sender_of`: the address that a message says it is from. Parses nothing else of it."""

from __future__ import annotations

import re

_MOST = 64 << 10  # bytes of the header that are looked at
_LONGEST = 1_000  # characters of the field
_END = re.compile(rb"\r?\n\r?\n")
_FROM = re.compile(rb"(?im)^from:[ \t]*([^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*)")
_BRACKETED = re.compile(r"<\s*([^<>\s]+@[^<>\s]+)\s*>")
_BARE = re.compile(r"[^\s<>()\",;:]+@[^\s<>()\",;:]+")


def sender_of(message: bytes) -> str | None:
    """Return the address of the first From field, in lower case; None without one."""
    header = _END.split(message[:_MOST], maxsplit=1)[0]
    found = _FROM.search(header)
    if found is None:
        return None
    field = found[1].decode("latin-1")[:_LONGEST].lower()
    bracketed = _BRACKETED.findall(field)
    if bracketed:
        return str(bracketed[-1])
    bare = _BARE.search(field)
    return None if bare is None else bare[0]
