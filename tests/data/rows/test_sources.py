"""Records of tables from their sources to canonical form: text tables, JSON lines, what ships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from millrace.errors import DataError
from millrace.workflow.loader import load_file
from text_sources import document

FOLDER = Path(__file__).parents[3] / "include" / "workflows"
COLUMNS = {
    "age": {"kind": "numeric", "missing": "median"},
    "town": {"kind": "category", "missing": "unknown"},
}


def cleaned(tables: Any, source: dict[str, Any], columns: Any = COLUMNS) -> list[Any]:
    """Clean all partitions of a source."""
    parts = tables.bench.discover(source)
    return [tables.clean(tables.bench.collect(source, part), columns) for part in parts]


def test_a_text_table_becomes_numbers_and_categories(tables: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,age,town,y\n1, 7 ,"Ulm, Donau",a\n2,,NA,b\n3,"1,5",Bonn,a\n')
    (made,) = cleaned(tables, document("delimited", path, label="y"))
    refused = made.table("quarantine.parquet").to_pylist()
    said = "age: '1,5' is no number, with a comma for a point"
    assert [row["detail"] for row in refused] == [said]
    table = tables.transform(made, COLUMNS).table()
    np.testing.assert_array_equal(table["numbers"].to_pylist(), [[7.0], [np.nan]])
    assert table["categories"].to_pylist() == [["Ulm, Donau"], [None]]


def test_a_column_may_be_text_in_one_partition_and_numbers_in_another(
    tables: Any, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{"age": n if n < 5 else str(n), "town": n, "y": "a"} for n in range(10)]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    parts = cleaned(tables, document("jsonl", path, label="y", partition_rows=5))
    made = [tables.transform(part, COLUMNS).table() for part in parts]
    assert [row["numbers"][0] for table in made for row in table.to_pylist()] == list(range(10))
    assert made[1]["categories"].to_pylist() == [[str(n)] for n in range(5, 10)]


def test_a_column_that_was_renamed_stops_the_run(tables: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("years,town,y\n7,Ulm,a\n8,Bonn,b\n")
    with pytest.raises(DataError, match="'age'"):
        cleaned(tables, document("delimited", path, label="y"))


def test_the_shipped_table_keeps_its_contract(tables: Any) -> None:
    spec = load_file(FOLDER / "breast_cancer.yaml")
    source = spec.sources[0].model_dump(mode="json")
    columns = spec.transform.model_dump(mode="json")["columns"]
    parts = cleaned(tables, source, columns)
    assert sum(part.result.rows for part in parts) == 569
    made = tables.transform(parts[0], columns).table()
    assert made["numbers"][0].as_py()[columns_place(columns, "mean area")] == 1001.0


def columns_place(columns: Any, name: str) -> int:
    return sorted(columns).index(name)
