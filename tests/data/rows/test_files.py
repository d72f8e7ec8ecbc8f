"""Records as files for people, and back."""

from __future__ import annotations

import json

import pytest

from millrace.data.rows.modality import TableRows

ROWS = TableRows()
RECORD = ('{"name":"Köln","n":1,"x":null}'.encode(), "row")


def test_a_record_is_exported_a_field_a_line_and_comes_back_equal() -> None:
    data, suffix = ROWS.as_file(RECORD, "a.csv") or (b"", "")
    assert (suffix, data.count(b"\n")) == (".json", 4)
    assert ROWS.from_file(data, RECORD) == RECORD


def test_a_correction_is_another_record() -> None:
    data, _ = ROWS.as_file(RECORD, "a.csv") or (b"", "")
    made = ROWS.from_file(b"\xef\xbb\xbf" + data.replace(b"null", b"7"), RECORD)
    assert made is not None
    assert json.loads(made[0] or b"") == {"name": "Köln", "n": 1, "x": 7}
    assert not ROWS.same(made, RECORD)


def test_fields_in_another_order_are_the_same_record() -> None:
    assert ROWS.same(RECORD, ('{"x":null, "name":"Köln","n":1}'.encode(), "row"))


@pytest.mark.parametrize(
    "other", [b'{"name":"K\xc3\xb6ln","n":true,"x":null}', b"[]", b"\xff", None]
)
def test_other_values_and_damage_are_not_the_same_record(other: bytes | None) -> None:
    assert not ROWS.same(RECORD, (other, "row"))


def test_what_is_no_record_comes_back_as_it_was_or_as_a_record() -> None:
    broken = (b"1,2,3,4", "unreadable;4 columns instead of 3")
    assert ROWS.as_file(broken, "a.csv") == (b"1,2,3,4", ".txt")
    assert ROWS.from_file(b"1,2,3,4", broken) == broken
    assert ROWS.from_file(b'{"a": 1}', broken) == (b'{"a":1}', "row")
    assert ROWS.from_file(b"1,2,3", broken) is None


def test_nothing_is_no_file() -> None:
    assert ROWS.as_file((None, "unreadable;gone"), "a.csv") is None
