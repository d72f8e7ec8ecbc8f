"""The ledger: what is loaded comes back in order, in any portions; failures keep their kind."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pytest

from millrace.data.integration.ledger import Ledger
from millrace.data.integration.portions import Portions
from millrace.errors import DataError, TransientError

SCHEMA = pa.schema([("row", pa.int64()), ("name", pa.string())])


def tables(count: int = 30_000, step: int = 7_000) -> Iterator[pa.Table]:
    for start in range(0, count, step):
        rows = range(start, min(start + step, count))
        yield pa.table([rows, [f"n{row}" for row in rows]], schema=SCHEMA)


def test_rows_come_back_in_the_order_asked_for(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.load("records", SCHEMA, tables())
        found = pa.concat_tables(ledger.answer("SELECT row FROM records ORDER BY row DESC"))
    assert found["row"].to_pylist() == list(range(29_999, -1, -1))


def test_portions_of_any_size_lose_no_row(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.load("records", SCHEMA, tables())
        portions = Portions(ledger.answer("FROM records ORDER BY row"))
        taken = [portions.take(rows)["row"].to_pylist() for rows in (1, 8_192, 0, 20_000, 5_000)]
    assert [len(rows) for rows in taken] == [1, 8_192, 0, 20_000, 1_807]
    assert list(chain.from_iterable(taken)) == list(range(30_000))


def test_answers_can_be_read_while_others_are_asked(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.load("records", SCHEMA, tables())
        first = ledger.answer("FROM records ORDER BY row")
        read = next(first).num_rows
        assert ledger.rows("SELECT count(*) FROM records") == [(30_000,)]
        assert read + sum(part.num_rows for part in first) == 30_000


def test_an_error_of_what_is_loaded_keeps_its_kind(tmp_path: Path) -> None:
    def failing() -> Iterator[pa.Table]:
        yield from tables(10)
        raise DataError("the picture is gone")

    with Ledger(tmp_path) as ledger, pytest.raises(DataError, match="the picture is gone"):
        ledger.load("records", SCHEMA, failing())


def test_a_folder_that_is_gone_is_said_to_be_the_disk(tmp_path: Path) -> None:
    with pytest.raises(TransientError, match=r"missing.*No such file"):
        Ledger(tmp_path / "missing")
