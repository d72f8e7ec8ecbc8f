"""`Measured`: counts over collected and cleaned partitions, as far as somebody looked."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import read_table
from millrace.data.cleaning.labels import bare
from millrace.data.cleaning.reasons import CONFLICTING_LABEL
from millrace.data.modality import open_modality
from millrace.data.survey.found import Found

_RECORDS = "records.parquet"


@dataclass(frozen=True)
class Counted:
    """What is counted of records of any modality; its fields are `Seen`'s."""

    format: str
    sources: tuple[Any, ...]
    total: int
    looked_at: int
    classes: dict[str, int]
    unlabelled: int
    refused: dict[str, int]
    duplicates: int
    near_duplicates: int
    notes: tuple[str, ...]


class Measured:
    """Grows by partitions.

    Args:
        modality: of the records.
        keeps_equal: whether equal records with different labels are kept.
    """

    def __init__(self, modality: str, *, keeps_equal: bool) -> None:
        self.looked_at = 0
        self._modality = modality
        self._keeps_equal = keeps_equal
        self._equal: dict[bytes, list[str]] = {}  # labels of the accepted, by content
        self._refused: Counter[str] = Counter()
        self._unlabelled = self._duplicates = self._rows = 0
        self._files: list[Path] = []  # of clean records
        self._kept: list[int] = []  # rows of those, the first of each content

    def collected(self, table: pa.Table) -> None:
        """Count collected records; takes the columns `label` and `content` or more."""
        self.looked_at += table.num_rows
        self._unlabelled += sum(not bare(label) for label in table["label"].to_pylist())

    def cleaned(self, artifact: Artifact) -> None:
        """Count what cleaning made of a partition."""
        path = artifact.path(_RECORDS)
        self._files.append(path)
        for table in read_table(path, ["content_digest", "label"]):
            self._add(table)
        for table in read_table(artifact.path("quarantine.parquet"), ["reason"]):
            self._refused.update(table["reason"].to_pylist())
        for table in read_table(artifact.path("duplicates.parquet"), ["record_id"]):
            self._duplicates += table.num_rows

    def counted(self, found: Found, total: int) -> Counted:
        """Return the counts; `total` is the number of records there are."""
        classes, duplicates, conflicting = self._compared()
        refused = self._refused + Counter({CONFLICTING_LABEL: conflicting} if conflicting else {})
        return Counted(
            format=found.format,
            sources=tuple(found.sources),
            total=total,
            looked_at=self.looked_at,
            classes=dict(sorted(classes.items())),
            unlabelled=self._unlabelled,
            refused=dict(refused.most_common()),
            duplicates=self._duplicates + duplicates,
            near_duplicates=self._near_duplicates(),
            notes=found.notes,
        )

    def _add(self, table: pa.Table) -> None:
        digests, labels = table["content_digest"].to_pylist(), table["label"].to_pylist()
        for digest, label in zip(digests, labels, strict=True):
            if digest not in self._equal:
                self._kept.append(self._rows)
            self._rows += 1
            known = self._equal.setdefault(digest, [])
            if label is not None:
                known.append(label)

    def _compared(self) -> tuple[Counter[str], int, int]:
        """Return what partitions have in common, as integration will find it.

        Returns:
            Records by label, duplicates, and records that are refused, since their equals have
            another label.
        """
        classes: Counter[str] = Counter()
        duplicates = conflicting = 0
        for labels in self._equal.values():
            duplicates += max(0, len(labels) - 1)
            if self._keeps_equal:
                classes.update(labels)
            elif len(set(labels)) == 1:
                classes[labels[0]] += 1
            else:
                duplicates -= max(0, len(labels) - 1)
                conflicting += len(labels)
        return classes, duplicates, conflicting

    def _near_duplicates(self) -> int:
        """Return the number of records that are much like another one."""
        with tempfile.TemporaryDirectory(prefix="millrace-look-") as scratch:
            _, family = open_modality(self._modality).families(
                self._files, np.array(self._kept, np.int64), Path(scratch)
            )
        return int(len(family) - len(np.unique(family)))
