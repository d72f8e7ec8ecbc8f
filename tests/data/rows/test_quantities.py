"""Labels that are numbers: what is refused, with which words, and which splits can be learnt."""

from __future__ import annotations

from typing import Any

import pytest

from millrace.errors import DataError

TARGET = {"low": 0, "high": 100, "transform": "none"}


def record(age: float = 30) -> dict[str, Any]:
    return {"age": age, "fare": 7.5, "colour": "red"}


def refused(tables: Any, labels: list[str | None], **values: Any) -> dict[int, tuple[str, str]]:
    raw = tables.raw([record() for _ in labels], labels=labels)
    rows = tables.clean(raw, target=values.pop("target", TARGET), **values)
    found = rows.table("quarantine.parquet").to_pylist()
    return {row["position"]: (row["reason"], row["detail"]) for row in found}


@pytest.mark.parametrize(
    ("label", "reason", "detail"),
    [
        (None, "missing_label", "the source gives no label"),
        ("  ", "missing_label", "the source gives no label"),
        ("NaN", "wrong_label", "label 'NaN' is no finite number"),
        ("inf", "wrong_label", "label 'inf' is no finite number"),
        ("1e999", "wrong_label", "label '1e999' is no finite number"),
        ("dear", "wrong_label", "label 'dear' is no finite number"),
        ("1,5", "wrong_label", "label '1,5' is no finite number"),
        ("-0.5", "label_out_of_range", "label '-0.5' is below 0"),
        ("1e300", "label_out_of_range", "label '1e+300' is above 100"),
    ],
)
def test_a_wrong_label_is_named(tables: Any, label: str | None, reason: str, detail: str) -> None:
    assert refused(tables, ["1", label]) == {1: (reason, detail)}


def test_quarantine_holds_what_the_source_gave(tables: Any) -> None:
    made = tables.clean(tables.raw([record(), record()], labels=["1", "dear"]), target=TARGET)
    assert made.table("quarantine.parquet")["label"].to_pylist() == ["dear"]


def test_logarithms_need_labels_above_zero(tables: Any) -> None:
    found = refused(tables, ["1", "0", "-2"], target={"transform": "log"})
    assert {row: reason for row, (reason, _) in found.items()} == {
        1: "label_out_of_range",
        2: "label_out_of_range",
    }


def test_equal_numbers_are_written_alike(tables: Any) -> None:
    raw = tables.raw([record(age) for age in range(4)], labels=["7", "7.0", " 7e0", "+7."])
    assert tables.clean(raw, target=TARGET).table()["label"].to_pylist() == ["7"] * 4


def test_a_word_for_missing_is_mapped_away(tables: Any) -> None:
    found = refused(tables, ["1", "?"], label_map={"?": None})
    assert found == {1: ("missing_label", "label_map maps '?' to null")}


def test_records_to_predict_need_no_label(tables: Any) -> None:
    raw = tables.raw([record(), record(), record()], labels=[None, "dear", "1.0"])
    made = tables.clean(raw, target=TARGET, labelled=False)
    assert made.table()["label"].to_pylist() == [None, "dear", "1"]


def test_equal_records_with_different_numbers_conflict_where_that_is_asked_for(tables: Any) -> None:
    raw = tables.raw([record(), record()], labels=["1", "2"])
    made = tables.clean(raw, target=TARGET, conflicts="refuse")
    assert made.table("quarantine.parquet")["reason"].to_pylist() == ["conflicting_label"] * 2


def test_a_data_set_says_what_its_numbers_are(tables: Any) -> None:
    raw = tables.raw([record(n / 2) for n in range(200)], labels=[str(n / 2) for n in range(200)])
    facts = tables.integrate(tables.clean(raw, target=TARGET), target=TARGET).result.facts
    assert facts["labels"] == []
    assert facts["target"]["high"] == 100
    assert sum(facts["rows"].values()) == 200
    assert set(facts["values"]) == {"train", "validation", "test"}
    assert 0 <= facts["values"]["train"]["low"] < facts["values"]["train"]["median"] < 99.5


def test_a_constant_label_is_an_error(tables: Any) -> None:
    cleaned = tables.clean(tables.raw([record(n / 2) for n in range(200)], labels=["7"] * 200))
    with pytest.raises(DataError, match=r"every label is the same number.*from 7\.0 to 7\.0"):
        tables.integrate(cleaned, target=TARGET)


def test_too_few_records_for_a_side_are_an_error(tables: Any) -> None:
    cleaned = tables.clean(tables.raw([record(1), record(2), record(3)], labels=["1", "2", "3"]))
    with pytest.raises(DataError, match="two different labels"):
        tables.integrate(cleaned, target=TARGET)


def test_uniting_refuses_what_cleaning_by_another_target_let_through(tables: Any) -> None:
    labels = ["dear", *(str(n) for n in range(199))]
    cleaned = tables.clean(tables.raw([record(n / 2) for n in range(200)], labels=labels))
    made = tables.integrate(cleaned, target={"transform": "none"})
    assert made.result.facts["by_reason"] == {"wrong_label": 1}
