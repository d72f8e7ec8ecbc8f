"""`TableSurvey`: kinds, ranges and categories of a table's columns, as far as somebody looked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from statistics import median
from typing import Any, ClassVar

import pyarrow as pa

from millrace.data.encoding import ROW
from millrace.data.survey.measure import Counted
from millrace.data.survey.roles import is_quantity
from millrace.data.survey.tally import Tally
from millrace.errors import DataError
from millrace.workflow.proposing.table_contract import contract
from millrace.workflow.proposing.table_seen import Numbers, SeenColumn, SeenTable
from millrace.workflow.quantity import number_of
from millrace.workflow.tables import TableTransform

MOST_COLUMNS = 1_000
"""Columns of a table that a workflow names one by one."""

_MISSING: tuple[str, ...] = TableTransform.model_fields["missing_words"].default
_ANY = {"no column is known yet": {"kind": "category"}}


class TableSurvey:
    """See `millrace.data.survey.survey.Survey`."""

    keeps_equal: ClassVar[bool] = True
    columns: ClassVar[tuple[str, ...]] = ("ignored_fields",)

    def __init__(self) -> None:
        self._tallies: dict[str, Tally] = {}
        self._rows = 0
        self._found: tuple[SeenColumn, ...] = ()
        self._labels: list[str] = []
        self._measures = False

    def before(self, raw: Iterable[pa.Table]) -> None:
        """Infer the contract.

        Raises:
            DataError: there are too many columns, or none that can be learnt from.
        """
        for table in raw:
            self._add(table)
        self._measures = is_quantity(self._labels)
        found = [tally.seen(self._rows) for tally in self._tallies.values()]
        self._found = tuple(found)
        if found and all(column.left_out is not None for column in found):
            raise DataError(
                "no column can be learnt from",
                where="the table",
                expected="a column of numbers or of categories",
                received="; ".join(f"{c.name[:40]}: {c.left_out}" for c in found[:5]),
            )

    def trial(self) -> dict[str, Any]:
        """Return a workflow with the contract."""
        used = {c.name: contract(c) for c in self._found if c.left_out is None}
        return {
            "task": "tabular_regression" if self._measures else "tabular_classification",
            "transform": {
                "columns": used or _ANY,
                "missing_words": [*_MISSING, *self._missing_words],
            },
            "model": {"kind": "table_mlp"},
        }

    def add(self, cleaned: pa.Table) -> None:
        """Do nothing: what was collected has said all."""

    def seen(self, counted: Counted) -> SeenTable:
        """Return what was seen."""
        fields = {**asdict(counted), "sources": counted.sources}
        return SeenTable(
            **fields, columns=self._found, missing_words=self._missing_words, label=self._label()
        )

    def quick(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the document as it is: records are split quickly."""
        return dict(document)

    @property
    def _missing_words(self) -> tuple[str, ...]:
        used = {column.name for column in self._found if column.left_out is None}
        found = (t.no_values for name, t in self._tallies.items() if name in used)
        return tuple(sorted(set().union(*found)))

    def _label(self) -> Numbers | None:
        """Return what the labels are like, where they measure something."""
        if not self._measures:
            return None
        known = [value for text in self._labels if (value := number_of(text)) is not None]
        whole = all(value % 1 == 0 for value in known)
        return Numbers(min(known), median(known), max(known), whole)

    def _add(self, table: pa.Table) -> None:
        self._labels += [label.strip() for label in table["label"].to_pylist() if label]
        pairs = zip(table["content"].to_pylist(), table["encoding"].to_pylist(), strict=True)
        records = [json.loads(content) for content, encoding in pairs if encoding == ROW]
        self._rows += len(records)
        for name in dict.fromkeys(name for record in records for name in record):
            if name not in self._tallies:
                self._check_width(table)
                self._tallies[name] = Tally(name, _MISSING)
            self._tallies[name].add([record.get(name) for record in records])

    def _check_width(self, table: pa.Table) -> None:
        if len(self._tallies) == MOST_COLUMNS:
            raise too_wide(table["origin"][0].as_py(), f"more than {MOST_COLUMNS:,} columns")


def too_wide(where: str, received: str) -> DataError:
    """Return what is said of a table with too many columns."""
    return DataError(
        "a table is too wide for a workflow that names its columns",
        where=where,
        expected=f"at most {MOST_COLUMNS:,} columns",
        received=received,
        remedy="Keep the columns that matter; pixels of square pictures are read with "
        "`--kind image`, counts of words are better given as the texts themselves.",
    )
