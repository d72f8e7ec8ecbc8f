"""`split_words`: the words and marks of texts, by rules that RE2 can say, so a graph repeats them.

A word is a run of letters and digits, apostrophes inside it included; each other sign that is not
blank is a word of its own, emoji too, and so is each sign of scripts that put no blanks between
words. Case is kept: that is the transform's matter.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

BLANK = r"[\pC\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]"
UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
LETTER, MARK, OTHER = r"[\pL\pN]", r"\pM", r"[^\pL\pN\pZ\pC]"
"""One character each, as RE2 says it."""

_RUN = rf"{LETTER}[\pL\pN\pM]*"
_WORD = rf"{_RUN}(?:['’]{_RUN})*|{OTHER}{MARK}*"

RULES = ((BLANK, " "), (rf"{UNSPACED}{MARK}*", r" \0 "), (_WORD, r"\0 "))
"""RE2 patterns and what replaces every match, in order; then words stand between spaces."""

OF_ASCII = r"[0-9A-Za-z]+(?:'[0-9A-Za-z]+)*|[!-/:-@\[-`{-~]"
"""A word of ASCII, to RE2 and to Python alike."""

_OF_ASCII = (
    (r"[\x00-\x1F\x7F]", " "),
    (OF_ASCII, r"\0 "),
)  # the same of ASCII; the patterns of all scripts take 12 ms to compile, at every call


def split_words(texts: pa.Array) -> pa.ListArray:
    """Return the words of each text; also empty ones, which are none."""
    made = _spaced(texts, _OF_ASCII)
    other = pc.invert(pc.string_is_ascii(texts))
    others = texts.filter(other)
    if len(others):
        made = pc.replace_with_mask(made, other, _spaced(others, RULES))
    return pc.split_pattern(made, " ")


def _spaced(texts: pa.Array, rules: tuple[tuple[str, str], ...]) -> pa.Array:
    for pattern, replacement in rules:
        texts = pc.replace_substring_regex(texts, pattern, replacement)
    return texts
