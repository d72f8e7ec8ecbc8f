"""`TableRows`: the modality `table`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.data.modality import Content, Numbers
from millrace.data.rows.canonical import CanonicalRows
from millrace.data.rows.examined import RowExaminer, digests
from millrace.data.rows.files import as_file, from_file, same
from millrace.data.rows.read import RowReader
from millrace.data.rows.schema import CLEAN


class TableRows:
    """See `millrace.data.modality.Modality`."""

    clean: ClassVar[pa.Schema] = CLEAN
    noun: ClassVar[str] = "record"
    files: ClassVar[str] = "records"

    def examiner(self, params: Mapping[str, Any]) -> RowExaminer:
        """Return what reads records and looks at them."""
        return RowExaminer(params)

    def digests(self, table: pa.Table, params: Mapping[str, Any]) -> npt.NDArray[np.bytes_]:
        """Return the digests of the values in the spec's columns."""
        return digests(RowReader(params)(table["content"], table["encoding"]))

    def canonical(self, transform: Mapping[str, Any]) -> CanonicalRows:
        """Return what makes canonical records."""
        return CanonicalRows(transform)

    def families(
        self, cleaned: Sequence[Path], kept: Numbers, scratch: Path
    ) -> tuple[Numbers, Numbers]:
        """Find no near duplicates: `TableCleaning` does not ask for them."""
        del cleaned, kept, scratch
        return np.zeros(0, np.int64), np.zeros(0, np.int64)

    def as_file(self, content: Content, origin: str) -> tuple[bytes, str] | None:
        """Return a record as JSON, a field a line."""
        del origin
        return as_file(content)

    def from_file(self, data: bytes, was: Content) -> Content | None:
        """Return a corrected record; None where it is no JSON object."""
        return from_file(data, was)

    def same(self, one: Content, other: Content) -> bool:
        """Whether two records have equal fields."""
        return same(one, other)
