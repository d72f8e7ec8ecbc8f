"""`Texts`: the modality `text`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.data.modality import Numbers
from millrace.data.near_texts.stored import stored_families
from millrace.data.texts.canonical import CanonicalTexts
from millrace.data.texts.examined import TextExaminer
from millrace.data.texts.schema import CLEAN


class Texts:
    """See `millrace.data.modality.Modality`."""

    clean: ClassVar[pa.Schema] = CLEAN

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
