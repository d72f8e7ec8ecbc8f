"""`decode`: bytes to characters, whatever charset their sender declared. Never fails.

What is not of the declared charset is tried as UTF-8, then as Windows-1252. As on the web (WHATWG
Encoding Standard), ``us-ascii`` and ``iso-8859-1`` mean Windows-1252.
"""

from __future__ import annotations

import codecs
from functools import lru_cache

_FORBIDDEN = frozenset({"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined"})
_WIDENED = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "tis-620": "cp874",
}
_EVIDENCE = 4  # whole characters beyond ASCII for each damaged one: then the charset is right


def decode(data: bytes, declared: str | None) -> str:
    """Return the characters of `data`; bytes that are none become U+FFFD.

    Args:
        declared: the name of a charset, which may be wrong or unknown; None where there is none.
    """
    known = None if declared is None else _codec(declared)
    for codec in dict.fromkeys(name for name in (known, "utf-8") if name):
        try:
            return data.decode(codec)
        except (UnicodeError, ValueError):
            continue
    return _damaged(data, known)


@lru_cache(maxsize=1024)
def _codec(declared: str) -> str | None:
    """Return the name of Python's codec for a charset; None where there is none for texts."""
    try:
        found = codecs.lookup(declared[:60].strip().strip("'\""))
        "".encode(found.name)
    except (LookupError, ValueError):
        return None
    return None if found.name in _FORBIDDEN else _WIDENED.get(found.name, found.name)


def _damaged(data: bytes, known: str | None) -> str:
    """Return the characters of bytes that neither their charset nor UTF-8 explains."""
    for codec in dict.fromkeys((known or "utf-8", "utf-8")):
        text = data.decode(codec, "replace")
        damaged = text.count("\N{REPLACEMENT CHARACTER}")
        whole = len(text) - len(text.encode("ascii", "ignore")) - damaged
        if whole >= _EVIDENCE * damaged:
            return text
    return data.decode("cp1252", "replace")
