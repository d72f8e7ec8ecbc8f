"""`patterns`: what is replaced in a text, in order, as RE2's expressions and replacements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from millrace.errors import SpecError

Replacement = tuple[str, str]
"""An expression of RE2, and what replaces every match; ``\\1`` is its first group."""

_ENTITIES = (
    *((r"(?i)&lt;", "<"), (r"(?i)&gt;", ">"), (r"(?i)&quot;", '"')),
    *((r"(?i)&(?:apos|#0?39);", "'"), (r"(?i)&nbsp;", " "), (r"(?i)&amp;", "&")),
)
_ENDING = r"""[^\s\pZ<>"'()\[\].,;:!?]"""
_DOMAINS = "com|net|org|info|biz|edu|gov|mil|int|eu|uk|de|fr|ie|ru|cn|jp|tv"
_SIGNS = r"(?:\b(?:us|au|ca))?[$£€¥₹]"
_CODES = "usd|gbp|eur|inr"
_COINS = "p|pence|euros?|pounds?|dollars?|bucks|quid|cents?"
_ZEROS = "thousand|million|billion|bn|[km]"
_FIGURE = r"\d(?:[\d.,]*\d)?"
_TOKENS: Mapping[str, tuple[str, ...]] = {
    "email": (r"(?i)[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+",),
    "url": (
        rf"""(?i)\b(?:[a-z][a-z0-9+.-]*://|www\.)[^\s\pZ<>"]*{_ENDING}""",
        rf"""(?i)\b(?:[a-z0-9-]+\.)+(?:{_DOMAINS})\b(?:[/?][^\s\pZ<>"]*{_ENDING})?/?""",
    ),
    "amount": (
        rf"(?i)(?:{_SIGNS}|\b(?:{_CODES}|rs)\b\.?) ?{_FIGURE}(?: ?(?:{_ZEROS})\b)?",
        rf"(?i)\b{_FIGURE} ?(?:[$£€¥₹]|(?:{_CODES}|{_COINS})\b)",
    ),
    "phone": (
        r"(?:\+|\b00)\d[\d ().-]{5,16}\d\b",
        r"\b0\d{2,5}[ .-]?\d{3,5}[ .-]?\d{2,5}",
        r"(?:\b\d-)?\(?\b\d{3}\)?[ .-]{1,2}\d{3}[ .-]\d{4}\b",
        r"\b\d{10,12}\b",
    ),
    "number": (r"\b\d[\d.,:/-]*\d\b",),
}
_ORDER = ("email", "url", "amount", "phone", "number")

_WORD = r"\pL\pM\pN"
_PUNCTUATION: Mapping[str, tuple[Replacement, ...]] = {
    "keep": (),
    "drop": ((rf"([{_WORD}])'([{_WORD}])", r"\1\2"), (r"[\pP$+<=>^`|~]+", " ")),
}
_BLANKS = (r"[\s\pZ\x00-\x1F\x7F]+", " ")
_ENDS = (r"^ | $", "")


def patterns(transform: Mapping[str, Any]) -> tuple[Replacement, ...]:
    """Return the replacements of a transform; each is made everywhere before the next begins.

    Args:
        transform: the values of `millrace.workflow.texts.TextTransform`.

    Raises:
        SpecError: there is no list of stop words for the language.
    """
    return tuple(_steps(transform))


def _steps(transform: Mapping[str, Any]) -> Iterator[Replacement]:
    yield _BLANKS
    if transform.get("entities", True):
        yield from _ENTITIES
    wanted = transform.get("tokens", _ORDER)
    for name in _ORDER:
        if name in wanted:
            for pattern in _TOKENS[name]:
                yield pattern, f" {name.upper()} "
    yield from _PUNCTUATION[transform.get("punctuation", "keep")]
    language = transform.get("stop_words")
    if language:
        yield _stop_words(language, transform.get("case", "lower") == "lower")
    yield from (_BLANKS, _ENDS)


@lru_cache(maxsize=8)
def _stop_words(language: str, lower: bool) -> Replacement:
    """Return what removes the stop words of a language, runs of them at once, but no token."""
    from stop_words import (  # type: ignore[import-untyped]
        StopWordError,
        get_stop_words,
    )

    try:
        listed = get_stop_words(language)
    except StopWordError as error:
        raise SpecError(
            "there are no stop words of this language",
            where="transform.stop_words",
            received=language,
            remedy="Leave it out, or remove words by a transform of your own (`custom`).",
        ) from error
    found = {word.lower() for word in listed if word.replace("'", "").isalpha()}
    words = "|".join(sorted(found if lower else found - set(_TOKENS)))
    gap = rf"[^{_WORD}']"
    return rf"{'' if lower else '(?i)'}(^|{gap})(?:{words})(?:{gap}+(?:{words}))*({gap}|$)", r"\1\2"
