"""`foreign`: texts that are surely of another language than those wanted, by py3langid.

Its model (97 languages, naive Bayes over byte n-grams: Lui and Baldwin, langid.py, 2012) comes with
the package, so nothing is downloaded. Short texts tell too little and are let pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any

from millrace.errors import SpecError

LEAST_LETTERS = 20
"""Letters that a text must have to be judged."""

SURELY = 0.95
"""Probability, by the model, from which a language is sure."""

_READ = 2_000  # characters of a text


def foreign(texts: Sequence[str], wanted: Collection[str]) -> Iterator[str | None]:
    """Yield, for every text, what to say of its language; None where it is or may be wanted.

    Raises:
        SpecError: a wanted language is not one that the model knows.
    """
    identifier = _identifier()
    unknown = sorted(set(wanted) - set(identifier.labels))
    if unknown:
        raise SpecError(
            "these languages cannot be told",
            where="clean.languages",
            expected=", ".join(sorted(identifier.labels)),
            received=", ".join(unknown),
        )
    for text in texts:
        part = text[:_READ]
        if sum(map(str.isalpha, part)) < LEAST_LETTERS:
            yield None
            continue
        language, probability = identifier.classify(part)
        sure = language not in wanted and probability >= SURELY
        yield f"language {language}, probability {probability:.2f}" if sure else None


def language_of(text: str) -> str | None:
    """Return the language (ISO 639) that a text most probably is in; None for a short one."""
    part = text[:_READ]
    if sum(map(str.isalpha, part)) < LEAST_LETTERS:
        return None
    language: str = _identifier().classify(part)[0]
    return language


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import (  # type: ignore[import-untyped]
        MODEL_FILE,
        LanguageIdentifier,
    )

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
