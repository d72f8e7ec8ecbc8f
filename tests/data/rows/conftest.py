"""Running the data stages on records of tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from millrace.data import clean, integrate, transform
from millrace.workflow.learning import Split
from millrace.workflow.tables import TableCleaning, TableTransform

COLUMNS = {
    "age": {"kind": "numeric", "low": 0, "high": 120},
    "fare": {"kind": "numeric", "missing": "median"},
    "colour": {"kind": "category", "missing": "unknown"},
}


class RowBench:
    """The stages of the data side, asked for tables."""

    def __init__(self, bench: Any) -> None:
        self.bench = bench

    def raw(self, records: Sequence[Any], **values: Any) -> Any:
        """Make collected records of JSON values or bytes; all of one label by default."""
        contents = [r if isinstance(r, bytes | None) else json.dumps(r).encode() for r in records]
        labels = values.pop("labels", ["a"] * len(contents))
        return self.bench.raw(contents, labels, **{"encoding": "row", **values})

    def clean(
        self,
        records: Any,
        columns: Mapping[str, Any] = COLUMNS,
        *,
        labelled: bool = True,
        target: Mapping[str, Any] | None = None,
        label_map: Mapping[str, str | None] | None = None,
        **rules: Any,
    ) -> Any:
        params = {
            "modality": "table",
            "rules": TableCleaning(**rules).model_dump(mode="json"),
            **TableTransform(columns=columns).model_dump(mode="json"),
            "label_map": label_map or {},
            "labels": [],
            "labelled": labelled,
            **({} if target is None else {"target": target}),
        }
        return self.bench.run(clean, params, {"records": [records]})

    def transform(self, records: Any, columns: Mapping[str, Any] = COLUMNS) -> Any:
        values = TableTransform(columns=columns).model_dump(mode="json")
        params = {"modality": "table", "transform": values}
        return self.bench.run(transform, params, {"records": [records]})

    def integrate(
        self, *cleaned: Any, target: Mapping[str, Any] | None = None, **rules: Any
    ) -> Any:
        params = {
            "split": Split().model_dump(mode="json"),
            "sources": {"made": None},
            "labels": [],
            "modality": "table",
            "rules": TableCleaning(**rules).model_dump(mode="json"),
            "near_conflicts": "keep",
            "budget": {"default": 1.0},
            **({} if target is None else {"target": target}),
        }
        inputs = {"records": [self.transform(c) for c in cleaned], "cleaned": list(cleaned)}
        return self.bench.run(integrate, params, inputs)

    def reasons(self, *records: Any, columns: Mapping[str, Any] = COLUMNS, **values: Any) -> Any:
        """Return the reason and the detail of each record that is refused, by its number."""
        raw = self.raw(records, encoding=values.pop("encoding", "row"))
        rows = self.clean(raw, columns, **values).table("quarantine.parquet").to_pylist()
        return {row["position"]: (row["reason"], row["detail"]) for row in rows}


@pytest.fixture
def tables(bench: Any) -> RowBench:
    return RowBench(bench)
