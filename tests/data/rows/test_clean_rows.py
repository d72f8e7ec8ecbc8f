"""The data contract of tables: what is refused, with which words, and what is kept as it was."""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any

import pytest

from millrace.errors import DataError

COLUMNS = {
    "age": {"kind": "numeric", "low": 0, "high": 120},
    "fare": {"kind": "numeric", "missing": "median"},
    "colour": {"kind": "category", "missing": "unknown"},
}


def record(**values: Any) -> dict[str, Any]:
    """Return a record that keeps the contract but for what is given."""
    return {"age": 30, "fare": 7.5, "colour": "red"} | values


def test_records_that_keep_the_contract_stay_as_they_were(tables: Any) -> None:
    records = [record(), record(age="31", colour=None, other=[1, 2]), record(fare=None)]
    made = tables.clean(tables.raw(records)).table()
    assert [json.loads(content) for content in made["content"].to_pylist()] == records
    assert made["encoding"].to_pylist() == ["row"] * 3
    assert made["ignored_fields"].to_pylist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("values", "reason", "detail"),
    [
        ({"age": None}, "missing_value", "age: missing"),
        ({"age": "NA"}, "missing_value", "age: missing"),
        ({"age": "old"}, "wrong_type", "age: 'old' is no number"),
        ({"age": -1}, "out_of_range", "age: -1 is below 0"),
        ({"age": 120.5}, "out_of_range", "age: 120.5 is above 120"),
        ({"fare": "Infinity"}, "not_finite", "fare: 'Infinity' is infinite"),
        ({"colour": {"r": 1}}, "wrong_type", "colour: an object is no category"),
    ],
)
def test_a_broken_field_is_named(tables: Any, values: Any, reason: str, detail: str) -> None:
    assert tables.reasons(record(), record(**values)) == {1: (reason, detail)}


def test_all_broken_fields_are_named_and_the_first_reason_counts(tables: Any) -> None:
    found = tables.reasons(record(), record(age=200, fare="x", colour=[1]))
    detail = "fare: 'x' is no number; colour: a list is no category; age: 200 is above 120"
    assert found == {1: ("wrong_type", detail)}


def test_a_field_that_one_record_lacks_is_missing(tables: Any) -> None:
    assert tables.reasons(record(), {"fare": 1}) == {1: ("missing_value", "age: missing")}


def test_a_column_that_no_record_has_is_an_error(tables: Any) -> None:
    with pytest.raises(DataError, match="in no record") as caught:
        tables.reasons({"age": 1}, {"age": 2})
    assert "'colour', 'fare'" in str(caught.value)
    assert "2 records without; other fields: none" in str(caught.value)


def test_a_renamed_column_is_found_among_the_other_fields(tables: Any) -> None:
    renamed = {"Age": 1, "fare": 2, "colour": "red"}
    with pytest.raises(DataError, match=r"expected 'age'; .* other fields: 'Age'"):
        tables.reasons(b"{", renamed)


def test_a_column_is_looked_for_in_all_batches(tables: Any) -> None:
    records = [{"age": 1} for _ in range(2_100)]
    with pytest.raises(DataError, match="in no record"):
        tables.reasons(*records)
    assert tables.reasons(*records, record()) == {}


def test_a_partition_of_damaged_records_says_so_of_each(tables: Any) -> None:
    found = tables.reasons(b"{", b"[1]", None, b'{"a": "\\ud800"}', b'{"a": NaN', b"\xff\xfe")
    assert {reason for reason, _ in found.values()} == {"undecodable"}
    assert len(found) == 6


@pytest.mark.parametrize("encoding", ["text", "bytes", "unreadable;a quote is not closed"])
def test_what_is_no_record_of_a_table_is_undecodable(tables: Any, encoding: str) -> None:
    found = tables.reasons(b"age,fare", encoding=encoding)
    assert found[0][0] == "undecodable"


def test_json_nested_too_deeply_is_undecodable(tables: Any) -> None:
    deep = b'{"age":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert tables.reasons(record(), deep)[1][0] == "undecodable"


def test_unknown_categories_are_refused_in_training_and_kept_in_prediction(tables: Any) -> None:
    columns = {"colour": {"kind": "category", "categories": ["red", "blue"]}}
    records = [{"colour": "red"}, {"colour": "green"}]
    found = tables.reasons(*records, columns=columns)
    assert found == {1: ("unknown_category", "colour: 'green' is none of the list")}
    assert tables.reasons(*records, columns=columns, labelled=False) == {}


def test_records_to_predict_need_no_label(tables: Any) -> None:
    raw = tables.raw([record(), record()], labels=[None, None])
    assert tables.clean(raw, labelled=False).table().num_rows == 2
    assert tables.clean(raw).result.facts["by_reason"] == {"missing_label": 2}


def test_an_all_missing_column_refuses_every_record(tables: Any) -> None:
    found = tables.reasons(record(age=None), record(age=""))
    assert {reason for reason, _ in found.values()} == {"missing_value"}


def test_a_column_may_change_its_type_as_long_as_it_holds_numbers(tables: Any) -> None:
    assert tables.reasons(record(age=1), record(age="1"), record(age=1.0)) == {}
    digests = tables.clean(tables.raw([record(age=1), record(age="1.0")])).table()
    assert len(set(digests["content_digest"].to_pylist())) == 1


def test_equal_records_are_kept_unless_asked_for(tables: Any) -> None:
    raw = tables.raw([record(), record(), record(age=31)], labels=["a", "a", "b"])
    assert tables.clean(raw).table().num_rows == 3
    made = tables.clean(raw, duplicates="exact", conflicts="refuse")
    assert made.table("duplicates.parquet")["record_id"].to_pylist() == ["made/000000001"]


def test_equal_records_with_different_labels_are_refused_where_asked_for(tables: Any) -> None:
    raw = tables.raw([record(), record(other=1), record(age=31)], labels=["a", "b", "b"])
    assert tables.clean(raw).result.facts["by_reason"] == {}
    made = tables.clean(raw, conflicts="refuse")
    assert made.result.facts["by_reason"] == {"conflicting_label": 2}


def test_a_users_rule_receives_the_columns(tables: Any, monkeypatch: Any) -> None:
    module = ModuleType("table_rules")
    seen: list[Any] = []

    def cheap(records: Any, labels: Any) -> Any:
        seen.append((list(records.columns), len(labels)))
        return records["fare"].fillna(0) < records["age"]

    module.cheap = cheap  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "table_rules", module)
    found = tables.reasons(
        record(), record(fare=40), record(age=None), b"{", rules=["table_rules:cheap"]
    )
    assert found[0] == ("rule:cheap", "refused by cheap")
    assert sorted(found) == [0, 2, 3]
    assert seen == [(["age", "colour", "fare"], 2)]


def test_ten_thousand_columns_are_read(tables: Any) -> None:
    names = [f"c{n:05d}" for n in range(10_000)]
    columns = {name: {"kind": "numeric"} for name in names}
    rows = [dict.fromkeys(names, n) for n in range(3)] + [dict.fromkeys(names, "x")]
    (reason, detail) = tables.reasons(*rows, columns=columns)[3]
    assert reason == "wrong_type"
    assert detail.endswith("; and 9995 more")
    assert len(detail) < 400
