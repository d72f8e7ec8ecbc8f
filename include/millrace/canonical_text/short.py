"""`ShortTexts`: what `patterns` say, done to a few short texts by Python's `re`, which keeps them.

The result is RE2's, character for character; where Python's classes of characters are others, RE2
itself takes the step. Python goes back and forth in a text, so those with long words are refused:
time stays within a bound that no text can pass.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from millrace.canonical_text.patterns import Replacement

LONGEST = 80
"""Characters of a word, at most: the steps of a search grow with their square."""

_SCRIPTS = (r"\pL\pM\pN", "0-9A-Za-z"), (r"\pP", r"!-#%-*,-/:;?@\[-\]_{}")  # within ASCII
_BLANKS = (
    (r"\s", r"\t\n\f\r "),
    (r"\pZ", r" \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"),
)
_FOLDED = re.compile("[\u017f\u212a]")  # RE2 takes them for s and k where it ignores case


class ShortTexts:
    """Replaces in short texts.

    Args:
        steps: expressions of RE2 and what replaces their matches, in order.
    """

    def __init__(self, steps: Sequence[Replacement]) -> None:
        self._steps = steps

    def __call__(self, texts: list[str]) -> list[str] | None:
        """Return the texts after all steps; None where one of them has a long word."""
        if any(len(word) > LONGEST for text in texts for word in text.split()):
            return None
        return [self._replaced(text) for text in texts]

    def _replaced(self, text: str) -> str:
        simple = not _FOLDED.search(text)
        for pattern, replacement in self._steps:
            found = _of_python(pattern, text.isascii()) if simple else None
            if found is None:
                text = _by_arrow(text, pattern, replacement)
            else:
                text = found.sub(replacement, text)
        return text


@lru_cache(maxsize=256)
def _of_python(pattern: str, ascii_only: bool) -> re.Pattern[str] | None:
    """Return an expression as Python writes it; None where it names scripts beyond ASCII."""
    written = pattern
    for old, new in _SCRIPTS:
        written = written.replace(old, new)
    if written != pattern and not ascii_only:
        return None
    for old, new in _BLANKS:
        written = written.replace(old, new)
    return re.compile(written, re.ASCII)


def _by_arrow(text: str, pattern: str, replacement: str) -> str:
    made: str = pc.replace_substring_regex(pa.array([text]), pattern, replacement)[0].as_py()
    return made
