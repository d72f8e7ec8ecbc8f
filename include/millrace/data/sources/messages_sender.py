"""`sender_of`: the address that a message says it is from. Parses nothing else of it."""

from __future__ import annotations

import re
from email.utils import parseaddr

_MOST = 64 << 10  # bytes of the header that are looked at
_END = re.compile(rb"\r?\n\r?\n")
_FROM = re.compile(rb"(?im)^from:[ \t]*([^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*)")


def sender_of(message: bytes) -> str | None:
    """Return the address of the first From field, in lower case; None without one."""
    header = _END.split(message[:_MOST], maxsplit=1)[0]
    found = _FROM.search(header)
    if found is None:
        return None
    address = parseaddr(" ".join(found[1].decode("latin-1").split()))[1].lower()
    return address if "@" in address else None
