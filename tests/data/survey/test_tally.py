"""What a column is: numbers, categories, or nothing to learn from."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from millrace.data.encoding import ROW
from millrace.data.schemas import RAW
from millrace.data.survey.table_survey import TableSurvey
from millrace.data.survey.tally import Tally
from millrace.errors import DataError
from millrace.workflow.proposing.table_contract import contract
from millrace.workflow.proposing.table_seen import SeenColumn
from millrace.workflow.tasks import parse


def seen(values: list[Any], name: str = "x") -> SeenColumn:
    tally = Tally(name, {"NA", "nan"})
    half = len(values) // 2
    tally.add(values[:half])
    tally.add(values[half:])
    return tally.seen(len(values))


def raw(records: list[dict[str, Any]]) -> pa.Table:
    rows = [
        {"record_id": f"a/{n}", "source": "a", "position": n, "origin": f"a.csv#{n}",
         "group": None, "label": "ab"[n % 2], "content": json.dumps(one).encode(),
         "encoding": ROW}
        for n, one in enumerate(records)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=RAW)


def test_numbers_may_be_texts_and_be_missing() -> None:
    column = seen(["1.5", "NA", None, "", " 3 ", "-2e1"] * 5)
    assert column.numbers is not None
    assert (column.numbers.low, column.numbers.high, column.missing) == (-20, 3, 15)
    assert contract(column) == {"kind": "numeric", "low": -43, "high": 26, "missing": "median"}


def test_limits_leave_room_but_none_below_nothing() -> None:
    column = seen([float(n) for n in (0, 3, 9, 9)] * 6)
    assert contract(column)["low"] == 0
    assert contract(column)["high"] == 18


@pytest.mark.parametrize("value", [1e-300, 1e300, 0.0, -7.0])
def test_limits_of_any_size_hold_what_was_seen(value: float) -> None:
    document = contract(seen([value, value * 2] * 12))
    assert document["low"] <= min(value, 2 * value) <= max(value, 2 * value) <= document["high"]


def test_infinite_values_and_some_words_are_odd_among_numbers() -> None:
    column = seen([*map(float, [1, 1, 2, 2] * 30), "Infinity", "oops"])
    assert column.numbers is not None
    assert column.odd == 2


def test_a_question_mark_is_no_value() -> None:
    column = seen(["3", "3", "?", "4"] * 9)
    assert column.numbers is not None
    assert column.missing == 9


def test_names_and_truth_values_are_categories() -> None:
    assert contract(seen(["red", "blue"] * 20))["categories"] == ["blue", "red"]
    assert contract(seen([True, False] * 20))["categories"] == ["false", "true"]
    assert contract(seen(["red", None] * 20))["missing"] == "unknown"


def test_many_or_rare_categories_are_not_listed() -> None:
    assert "categories" not in contract(seen([f"c{n}" for n in range(15)] * 2))
    many = contract(seen([f"c{n}" for n in range(1_500)] * 2))
    assert many["places"] == 1_024


@pytest.mark.parametrize(
    ("values", "name", "why"),
    [
        ([None, ""] * 20, "x", "no values"),
        ([7] * 40, "x", "every record has 7"),
        (["same"] * 40, "x", "every record has 'same'"),
        (list(range(40)), "x", "numbers the records"),
        ([n * 7 % 41 for n in range(40)], "customer_id", "numbers the records"),
        ([f"name {n}" for n in range(40)], "x", "a value of its own"),
        (["long " * 300, "short"] * 20, "x", "long texts"),
    ],
)
def test_what_tells_nothing_is_left_out(values: list[Any], name: str, why: str) -> None:
    assert why in str(seen(values, name).left_out)


def test_a_column_of_measurements_is_kept_even_where_all_differ() -> None:
    assert seen([n * 7 % 41 for n in range(40)], "weight").left_out is None
    assert seen([n * 0.37 for n in range(40)]).left_out is None


def test_columns_that_some_records_lack_are_missing_there() -> None:
    survey = TableSurvey()
    survey.before([raw([{"a": n % 5} for n in range(20)]), raw([{"b": n % 3} for n in range(20)])])
    missing = survey.trial()["transform"]["columns"]
    assert {name: c["missing"] for name, c in missing.items()} == {"a": "median", "b": "median"}


def test_before_anything_was_collected_a_trial_is_a_workflow() -> None:
    source = {"name": "a", "kind": "delimited", "uri": "a.csv", "label": "b"}
    document = {"version": 1, "name": "look", "sources": [source], **TableSurvey().trial()}
    assert parse(document).modality == "table"


def test_nothing_to_learn_from_is_a_sentence() -> None:
    with pytest.raises(DataError, match="no column can be learnt from"):
        TableSurvey().before([raw([{"id": n, "name": f"n {n}"} for n in range(40)])])


def test_records_of_too_many_columns_are_a_sentence() -> None:
    with pytest.raises(DataError, match="too wide"):
        TableSurvey().before([raw([{f"c{n}": 1 for n in range(1_001)}])])
