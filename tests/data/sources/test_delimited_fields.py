"""Quoted fields: what the standard library reads, we read; what it forgives, we name."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.data.sources.delimited_fields import records, split
from millrace.data.sources.lines import lines

FIELD = st.text(alphabet='ab ,;"\n\u00e9', max_size=6)


@given(st.lists(st.lists(FIELD, min_size=2, max_size=3), min_size=1, max_size=8))
def test_what_the_standard_library_writes_is_read_back(rows: list[list[str]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    numbered = [(n, line.encode()) for n, line in enumerate(buffer.getvalue().split("\n")[:-1])]
    found = [
        split(r.decode(), ",", quoted=True) for _, r in records(iter(numbered), ",", quoted=True)
    ]
    assert found == rows


@pytest.mark.parametrize("record", ['"a', '"a""', '"a"b,c', 'x,"a" ,b'])
def test_what_is_no_quoted_field_is_refused(record: str) -> None:
    with pytest.raises(ValueError, match=r"not closed|follows a closing quote"):
        split(record, ",", quoted=True)


def test_quotes_inside_a_field_are_letters() -> None:
    assert split('5" wide,a""b,""', ",", quoted=True) == ['5" wide', 'a""b', ""]
    assert split('"a",b', ",", quoted=False) == ['"a"', "b"]


def test_every_record_begins_at_its_byte(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'a,"1\r\n2"\r\nb,"open\nc,3\n')
    found = list(records(lines(path, 0, "t"), ",", quoted=True))
    assert found == [(0, b'a,"1\n2"'), (10, b'b,"open'), (18, b"c,3")]
    for offset, record in found:
        assert next(records(lines(path, offset, "t"), ",", quoted=True)) == (offset, record)


def test_an_open_quote_does_not_look_further_than_a_mebibyte() -> None:
    far = [(0, b'"open'), *((n, b"x" * 1_000) for n in range(1, 2_000)), (2_000, b'end"')]
    found = list(records(iter(far), ",", quoted=True))
    assert [offset for offset, _ in found] == list(range(2_001))
