"""`stemmed`: words cut to their stems (M. Porter's Snowball), by snowballstemmer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from millrace.errors import SpecError

_LANGUAGES = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
_MOST_REMEMBERED = 1 << 16  # words


def stemmed(texts: list[str], language: str) -> Iterator[str]:
    """Yield each text, words between single spaces, with stems for its words of small letters.

    Raises:
        SpecError: there is no stemmer for the language.
    """
    stem = _stemmer(language)
    for text in texts:
        yield " ".join(stem(word) if word.islower() else word for word in text.split(" "))


@lru_cache(maxsize=4)
def _stemmer(language: str) -> Callable[[str], str]:
    import snowballstemmer  # type: ignore[import-untyped]

    if language not in _LANGUAGES:
        raise SpecError(
            "there is no stemmer of this language",
            where="transform.stem",
            expected=", ".join(sorted(_LANGUAGES)),
            received=language,
            remedy="Leave it out, or cut words by a transform of your own (`custom`).",
        )
    made = snowballstemmer.stemmer(_LANGUAGES[language])
    return lru_cache(maxsize=_MOST_REMEMBERED)(made.stemWord)
