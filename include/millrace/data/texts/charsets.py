"""`decode`: bytes to characters, whatever charset their sender declared. Never fails.

What is valid UTF-8 is UTF-8, unless a charset of several bytes a character is declared. What is
not of the declared charset is Windows-1252 in the end. As on the web (WHATWG Encoding Standard),
``us-ascii`` and ``iso-8859-1`` mean Windows-1252.
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
_MULTIBYTE = ("utf", "gb", "big5", "cp932", "cp949", "cp950", "euc", "iso2022", "hz", "johab")
_EVIDENCE = 4  # whole characters beyond ASCII for each damaged one: then the charset is right


def decode(data: bytes, declared: str | None) -> str:
    """Return the characters of `data`; bytes that are none become U+FFFD.

    Args:
        declared: the name of a charset, which may be wrong or unknown; None where there is none.
    """
    known = "utf-8" if declared is None else _codec(declared)
    tried = (known, "utf-8") if known.startswith(_MULTIBYTE) else ("utf-8", known)
    for codec in dict.fromkeys(tried):
        try:
            return data.decode(codec)
        except ValueError:
            continue
    return _damaged(data, known)


@lru_cache(maxsize=1024)
def _codec(declared: str) -> str:
    """Return the name of Python's codec for a charset; UTF-8's where there is none for texts."""
    name = declared[:60].strip().strip("'\"").lower()
    found = _lookup(name) or _lookup(name.removeprefix("x-"))
    if found is None or found in _FORBIDDEN:
        return "utf-8"
    return _WIDENED.get(found, found)


def _lookup(name: str) -> str | None:
    """Return what Python calls a charset; None where it knows none of texts by this name."""
    try:
        found = codecs.lookup(name).name
        "".encode(found)
    except (LookupError, ValueError):
        return None
    return found


def _damaged(data: bytes, known: str) -> str:
    """Return the characters of bytes that neither their charset nor UTF-8 explains."""
    for codec in dict.fromkeys((known, "utf-8")):
        text = data.decode(codec, "replace")
        damaged = text.count("\N{REPLACEMENT CHARACTER}")
        whole = len(text) - len(text.encode("ascii", "ignore")) - damaged
        if whole >= _EVIDENCE * damaged:
            return text
    return data.decode("cp1252", "replace")
