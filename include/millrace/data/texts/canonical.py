"""`CanonicalTexts`: clean records to canonical ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pyarrow as pa

from millrace.artifacts.tables import ROW_GROUP
from millrace.canonical_text.canonical import CanonicalText
from millrace.data.schemas import canonical
from millrace.errors import SpecError
from millrace.workflow.registry import load


class CanonicalTexts:
    """See `millrace.data.modality.Canonical`; the payload is ``text``.

    Args:
        transform: the values of `millrace.workflow.texts.TextTransform`.

    Raises:
        SpecError: there are no stop words or no stemmer of the language.
    """

    payload: ClassVar[Sequence[str]] = ("text",)

    def __init__(self, transform: Mapping[str, Any]) -> None:
        self._make = CanonicalText(transform)
        self._path: str | None = transform.get("custom")
        self._custom: Any = None if self._path is None else load(self._path)
        self.schema = canonical(pa.field("text", pa.string(), nullable=False))
        self.records: Mapping[str, Any] = {"modality": "text"}
        self.rows = ROW_GROUP

    def __call__(self, clean: pa.Table) -> pa.Table:
        """Return the canonical records of clean ones."""
        made = [self._make(chunk.cast(pa.string())) for chunk in clean["content"].chunks]
        texts = pa.chunked_array(made, pa.string())
        if self._custom is not None:
            texts = pa.chunked_array([self._apply(texts.to_pylist())], pa.string())
        kept = clean.drop_columns(["content", "encoding"])
        return kept.append_column(self.schema.field("text"), texts)

    def _apply(self, texts: list[str]) -> pa.Array:
        try:
            made = pa.array(list(self._custom(texts)), pa.string())
        except Exception as error:
            raise SpecError(
                "a transform failed",
                where=self._path,
                received=f"{type(error).__name__}: {error}",
                remedy="Correct the function; see millrace.data.texts for what it receives.",
            ) from error
        if len(made) != len(texts) or made.null_count:
            raise SpecError(
                "a transform must return one text for each",
                where=self._path,
                expected=f"{len(texts)} texts",
                received=f"{len(made)} values, {made.null_count} of them None",
            )
        return made
