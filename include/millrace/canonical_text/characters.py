"""`characters`: what becomes of each character by itself, as a table.

Each gets its compatibility form (NFKC, Unicode Standard Annex 15); characters are not composed with
their neighbours, so that a table says it all. Typographic quotes and dashes become those of ASCII,
control characters and every kind of blank become a space, and invisible ones become nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from unicodedata import category, normalize

_RANGES = (
    *((0x0, 0x3400), (0xA000, 0xAC00), (0xF900, 0x20000)),  # without Han and Hangul, which stay
    *((0x2F800, 0x2FA20), (0xE0000, 0xE01F0)),
)
_ALIKE = {
    **dict.fromkeys("\u2018\u2019\u201b\u02bc\u2032", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
}
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0") | frozenset(
    map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))  # variation selectors
)
_BLANKS = frozenset({"Cc", "Zs", "Zl", "Zp"})


def characters(transform: Mapping[str, Any]) -> Mapping[int, str]:
    """Return, by code point, what replaces a character; those that stay are left out.

    Args:
        transform: the values of `millrace.workflow.texts.TextTransform`.
    """
    compatible = transform.get("unicode", "NFKC") == "NFKC"
    return _table(compatible, transform.get("case", "lower") == "lower")


@lru_cache(maxsize=4)
def _table(compatible: bool, lower: bool) -> Mapping[int, str]:
    found = {}
    for point in _points():
        old = new = chr(point)
        if compatible:
            new = _compatible(old)
        if lower:
            new = new.lower()
        if new != old:
            found[point] = new
    return found


def _points() -> Iterator[int]:
    for start, stop in _RANGES:
        yield from range(start, stop)


def _compatible(character: str) -> str:
    kind = category(character)
    if kind in _BLANKS:
        return character if character == "\n" else " "
    if kind == "Cf" or character in _INVISIBLE:
        return ""
    return _ALIKE.get(character) or normalize("NFKC", character)
