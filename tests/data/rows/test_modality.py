"""Records of tables through the stages: canonical form, and equal records on one side."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from millrace.artifacts.tables import read_schema

SIDES = ("train", "validation", "test")


def record(**values: Any) -> dict[str, Any]:
    return {"age": 30, "fare": 7.5, "colour": "red"} | values


def labelled(tables: Any, records: Any) -> Any:
    return tables.clean(tables.raw(records, labels=["ab"[n % 2] for n in range(len(records))]))


def test_canonical_records_hold_numbers_and_categories_by_name(tables: Any) -> None:
    made = tables.transform(tables.clean(tables.raw([record(), record(fare=None, colour="")])))
    table = made.table()
    assert table["numbers"].to_pylist()[0] == [30.0, 7.5]
    assert math.isnan(table["numbers"].to_pylist()[1][1])
    assert table["categories"].to_pylist() == [["red"], [None]]
    records = {"modality": "table", "numbers": 2, "categories": 1}
    assert made.result.facts["records"] == records


@pytest.mark.parametrize("kind", ["numeric", "category"])
def test_tables_of_one_kind_of_column_are_canonical_too(tables: Any, kind: str) -> None:
    columns = {"a": {"kind": kind}, "b": {"kind": kind}}
    cleaned = tables.clean(tables.raw([{"b": "2", "a": "1"}]), columns)
    (row,) = tables.transform(cleaned, columns).table().to_pylist()
    expected = [[1.0, 2.0], []] if kind == "numeric" else [[], ["1", "2"]]
    assert [row["numbers"], row["categories"]] == expected


def test_names_of_columns_outlive_integration(tables: Any) -> None:
    made = tables.integrate(labelled(tables, [record(age=n) for n in range(60)]))
    schema = read_schema(made.artifact.path("train.parquet"))
    described = {
        name: json.loads(schema.field(name).metadata[b"millrace.columns"])
        for name in ("numbers", "categories")
    }
    assert list(described["numbers"]) == ["age", "fare"]
    assert described["categories"]["colour"]["missing"] == "unknown"


def test_equal_records_are_on_one_side(tables: Any) -> None:
    made = tables.integrate(labelled(tables, [record(age=n // 6) for n in range(300)]))
    sides: dict[float, set[str]] = {}
    for side in SIDES:
        for row in made.table(f"{side}.parquet").to_pylist():
            sides.setdefault(row["numbers"][0], set()).add(side)
    assert len(sides) == 50
    assert all(len(found) == 1 for found in sides.values())
    assert {name for found in sides.values() for name in found} == set(SIDES)
    leaking = made.result.facts["expected_leakage"]
    assert leaking["of"] == "equal record"
    assert leaking["share"] > 0.9


def test_conflicts_over_partitions_are_kept_or_refused_as_asked(tables: Any) -> None:
    others = [record(age=n) for n in range(40, 100)]
    first = tables.clean(tables.raw([*others, record()], labels=["a", "b"] * 30 + ["a"]))
    second = tables.clean(tables.raw([record()], labels=["b"], start=900))
    kept = tables.integrate(first, second)
    assert sum(kept.result.facts["rows"].values()) == 62
    refused = tables.integrate(first, second, conflicts="refuse")
    assert refused.result.facts["by_reason"] == {"conflicting_label": 2}


def test_no_zero_and_no_nan_differ_in_a_digest(tables: Any) -> None:
    rows = [record(fare=0.0), record(fare=-0.0), record(fare="NaN"), record(fare=None)]
    digests = tables.clean(tables.raw(rows)).table()["content_digest"].to_pylist()
    assert digests[0] == digests[1] != digests[2] == digests[3]


def test_wide_records_are_cut_into_row_groups_by_their_size(tables: Any) -> None:
    names = [f"c{n:04d}" for n in range(4_000)]
    columns = {name: {"kind": "numeric"} for name in names}
    rows = [dict(zip(names, np.arange(4_000.0) + n, strict=True)) for n in range(20)]
    made = tables.transform(tables.clean(tables.raw(rows), columns), columns).table()
    assert made["numbers"][7].as_py() == list(range(7, 4_007))
