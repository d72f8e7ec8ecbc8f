"""`CanonicalText`: texts to canonical texts, by the steps of the package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from millrace.canonical_text.characters import characters
from millrace.canonical_text.few import few
from millrace.canonical_text.patterns import patterns
from millrace.canonical_text.short import ShortTexts
from millrace.canonical_text.stemming import stemmed


class CanonicalText:
    """The steps of a transform, without the user's own function.

    Args:
        transform: the values of `millrace.workflow.texts.TextTransform`.

    Raises:
        SpecError: there are no stop words or no stemmer of the language.
    """

    def __init__(self, transform: Mapping[str, Any]) -> None:
        self._table = characters(transform)
        self._patterns = patterns(transform)
        self._short = ShortTexts(self._patterns)
        self._lower = transform.get("case", "lower") == "lower"
        self._stem: str | None = transform.get("stem")
        if self._stem:
            list(stemmed([""], self._stem))

    def __call__(self, texts: pa.Array) -> pa.Array:
        """Return the canonical texts of some (`pa.string()`, no null), in order."""
        made = self._of_few(texts)
        if made is None:
            made = self._replaced(texts)
            for pattern, replacement in self._patterns:
                made = pc.replace_substring_regex(made, pattern, replacement)
        if self._stem:
            made = pa.array(stemmed(made.to_pylist(), self._stem), pa.string())
        return made

    def _of_few(self, texts: pa.Array) -> pa.Array | None:
        """Return the texts without stems; None where they are not a few short ones."""
        found = few(texts)
        made = None if found is None else self._short([self._of_table(text) for text in found])
        return None if made is None else pa.array(made, pa.string())

    def _of_table(self, text: str) -> str:
        if not text.isascii():
            return text.translate(self._table)
        return text.lower() if self._lower else text

    def _replaced(self, texts: pa.Array) -> pa.Array:
        """Return texts with the table applied; of those in ASCII it changes letters and blanks."""
        plain = pc.string_is_ascii(texts)
        made = pc.ascii_lower(texts) if self._lower else texts
        rows = np.flatnonzero(~plain.to_numpy(zero_copy_only=False))
        if not len(rows):
            return made
        others = texts.take(pa.array(rows)).to_pylist()
        changed = pa.array([text.translate(self._table) for text in others], pa.string())
        return pc.replace_with_mask(made, pc.invert(plain), changed)
