"""`Recogniser`: one kind of value that is found by its form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Span = tuple[int, int]
"""Start and end in the text."""

Accept = Callable[[re.Match[str]], Span | None]


def whole(match: re.Match[str]) -> Span | None:
    """Take the group ``it`` of a match, or all of it where there is no such group."""
    return match.span("it" if "it" in match.re.groupindex else 0)


@dataclass(frozen=True)
class Recogniser:
    """Finds values by an expression, and judges each.

    Attributes:
        name: in certificates. word: what replaces a value, ``[WORD]``.
        pattern: of RE2's syntax.
        accept: returns what of a match is a value, or None where nothing is.
        hints: of which a text with a value has one, in small letters; none: it may be any text.
        people: whether values are people's names, whose words are looked for in all the text.
    """

    name: str
    word: str
    pattern: re.Pattern[str]
    accept: Accept = whole
    hints: tuple[str, ...] = ()
    people: bool = False

    def spans(self, text: str) -> Iterator[Span]:
        """Yield where values are, in order, none over another."""
        if self.hints:
            small = text.lower()
            if not any(hint in small for hint in self.hints):
                return
        end = 0
        for match in self.pattern.finditer(text):
            span = self.accept(match)
            if span is not None and end <= span[0] < span[1]:
                end = span[1]
                yield span


def expression(pattern: str) -> re.Pattern[str]:
    """Compile an expression over several lines: blanks in it count, line breaks do not."""
    return re.compile("".join(line.strip() for line in pattern.splitlines()))
