"""`Modality`: what the stages ask of one kind of content. The stages themselves know no kind.

A modality is named by a spec's `modality` and found in `millrace.workflow.registry`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.data.cleaning.reasons import Refusals
from millrace.workflow.registry import implementation, load

Numbers = npt.NDArray[np.int64]
Params = Mapping[str, Any]


class Examined(Protocol):
    """What was seen of the contents of a RAW table. Judges only when asked."""

    def refuse(self, refusals: Refusals, rules: Params) -> None:
        """Refuse what breaks the modality's own contract, by the values of its cleaning."""

    def apply_rules(
        self, refusals: Refusals, labels: Sequence[str | None], paths: Sequence[str]
    ) -> None:
        """Apply the user's own rules, in order, to the rows that are not refused so far."""

    def digests(self) -> npt.NDArray[np.bytes_]:
        """Return the content digest of every row, 16 bytes; zeros where there is no content."""

    def columns(self) -> Mapping[str, pa.Array]:
        """Return what is stored of every row: the columns of `Modality.clean` beyond the names and
        the digest.
        """


class Examiner(Protocol):
    """Looks at contents."""

    def batches(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Yield RAW tables, in order, cut so that what is seen of one stays within bounds."""

    def __call__(self, raw: pa.Table) -> Examined:
        """Look at one of those."""


class Canonical(Protocol):
    """Makes canonical records.

    Attributes:
        schema: of what it makes, see `millrace.data.schemas.canonical`.
        payload: the names of its columns that the model sees.
        records: what a model must know to take them, JSON values; `modality` is one of them.
        rows: that it takes at once.
    """

    schema: pa.Schema
    payload: Sequence[str]
    records: Mapping[str, Any]
    rows: int

    def __call__(self, clean: pa.Table) -> pa.Table:
        """Return the canonical records of clean ones, in order."""


@runtime_checkable
class Within(Protocol):
    """A `Canonical` whose records also show others of the same file, as slices of a series do."""

    def within(self, clean: Path) -> Canonical:
        """Return what makes the canonical records of a file of clean records."""


Content = tuple[bytes | None, str]
"""A record's content as it was collected, and its encoding."""


class Modality(Protocol):
    """A kind of content.

    Attributes:
        clean: columns of clean records, see `millrace.data.schemas.clean`.
        noun: what people call a content. files: folder that contents are exported to.
    """

    clean: pa.Schema
    noun: str
    files: str

    def examiner(self, params: Params) -> Examiner:
        """Return what looks at contents, asked for what the clean stage's parameters need."""

    def digests(self, table: pa.Table, params: Params) -> npt.NDArray[np.bytes_]:
        """Return the content digests of `content` and `encoding` as they were collected."""

    def canonical(self, transform: Params) -> Canonical:
        """Return what makes canonical records, by the values of the spec's transform."""

    def families(
        self, cleaned: Sequence[Path], kept: Numbers, scratch: Path
    ) -> tuple[Numbers, Numbers]:
        """Find near duplicates.

        Args:
            cleaned: files of clean records, whose rows are counted over all of them.
            kept: row numbers to compare, ascending. scratch: an existing folder.

        Returns:
            The row numbers that could be compared, ascending, and the family of each: the place
            among them of one of its members.
        """

    def as_file(self, content: Content, origin: str) -> tuple[bytes, str] | None:
        """Return a content as a file that a person can look at and correct: bytes and suffix.

        Args:
            origin: of the record, for the suffix of a file of its own.

        Returns:
            None where there is nothing to write.
        """

    def from_file(self, data: bytes, was: Content) -> Content | None:
        """Return the content of a file that a person corrected; None where it cannot be read.

        Args:
            was: the record's content before.
        """

    def same(self, one: Content, other: Content) -> bool:
        """Whether two contents are equal to the model."""


def open_modality(name: str) -> Modality:
    """Return the modality of that name."""
    made: Modality = load(implementation("data modality", name))()
    return made
