"""`Modality`: what the stages ask of one kind of content. The stages themselves know no kind.

A modality is named by a spec's `modality` and found in `millrace.workflow.registry`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

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


class Modality(Protocol):
    """A kind of content.

    Attributes:
        clean: columns of clean records, see `millrace.data.schemas.clean`.
    """

    clean: pa.Schema

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


def open_modality(params: Params) -> Modality:
    """Return the modality that a stage's parameters name."""
    made: Modality = load(implementation("data modality", params["modality"]))()
    return made
