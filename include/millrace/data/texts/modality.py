"""`Texts`: the modality `text`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.data.modality import Content, Numbers
from millrace.data.near_texts.stored import stored_families
from millrace.data.texts.canonical import CanonicalTexts
from millrace.data.texts.examined import TextExaminer
from millrace.data.texts.files import as_file, from_file
from millrace.data.texts.schema import CLEAN


class Texts:
    """See `millrace.data.modality.Modality`."""

    clean: ClassVar[pa.Schema] = CLEAN
    noun: ClassVar[str] = "text"
    files: ClassVar[str] = "texts"

    def examiner(self, params: Mapping[str, Any]) -> TextExaminer:
        """Return what reads texts and looks at them."""
        return TextExaminer(params)

    def digests(self, table: pa.Table, params: Mapping[str, Any]) -> npt.NDArray[np.bytes_]:
        """Return the digests of the texts as they would be stored."""
        return self.examiner(params)(table).digests()

    def canonical(self, transform: Mapping[str, Any]) -> CanonicalTexts:
        """Return what makes canonical texts."""
        return CanonicalTexts(transform)

    def families(
        self, cleaned: Sequence[Path], kept: Numbers, scratch: Path
    ) -> tuple[Numbers, Numbers]:
        """Find near duplicates by the stored texts."""
        return stored_families(cleaned, kept, scratch)

    def as_file(self, content: Content, _: str) -> tuple[bytes, str] | None:
        """Return the text, or the e-mail as it came."""
        return as_file(content)

    def from_file(self, data: bytes, was: Content) -> Content | None:
        """Return a corrected text; None where it is not UTF-8."""
        return from_file(data, was)

    def same(self, one: Content, other: Content) -> bool:
        """Whether two texts are equal as they came."""
        return one == other
