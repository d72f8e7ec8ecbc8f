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
        ledger.load("records", SCHEMA, tables)
        found = pa.concat_tables(ledger.answer("SELECT row FROM records ORDER BY row DESC"))
    assert found["row"].to_pylist() == list(range(29_999, -1, -1))


def test_portions_of_any_size_lose_no_row(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.load("records", SCHEMA, tables)
        portions = Portions(ledger.answer("FROM records ORDER BY row"))
        taken = [portions.take(rows)["row"].to_pylist() for rows in (1, 8_192, 0, 20_000, 5_000)]
    assert [len(rows) for rows in taken] == [1, 8_192, 0, 20_000, 1_807]
    assert list(chain.from_iterable(taken)) == list(range(30_000))


def test_answers_can_be_read_while_others_are_asked(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.load("records", SCHEMA, tables)
        first = ledger.answer("FROM records ORDER BY row")
        read = next(first).num_rows
        assert ledger.rows("SELECT count(*) FROM records") == [(30_000,)]
        assert read + sum(part.num_rows for part in first) == 30_000


def test_an_error_of_what_is_loaded_keeps_its_kind(tmp_path: Path) -> None:
    def failing() -> Iterator[pa.Table]:
        yield from tables(10)
        raise DataError("the picture is gone")

    with Ledger(tmp_path) as ledger, pytest.raises(DataError, match="the picture is gone"):
        ledger.load("records", SCHEMA, failing)


def wide_tables() -> Iterator[pa.Table]:
    for start in range(0, 200_000, 10_000):
        rows = range(start, start + 10_000)
        yield pa.table([rows, [f"{row * 7919 % 200_000:032d}" for row in rows]], schema=SCHEMA)


def test_a_folder_that_cannot_be_written_is_said_to_be_the_disk(tmp_path: Path) -> None:
    (tmp_path / "ledger.tmp").write_text("in the way")
    with (
        Ledger(tmp_path, memory=4_000_000) as ledger,
        pytest.raises(TransientError, match="reading or writing failed"),
    ):
        ledger.load("records", SCHEMA, wide_tables)


def test_more_memory_is_taken_where_little_does_not_suffice(tmp_path: Path) -> None:
    with Ledger(tmp_path, memory=1_000_000) as ledger:
        ledger.load("records", SCHEMA, wide_tables)
        ledger.run("CREATE TABLE sorted AS FROM records ORDER BY name")
        found = pa.concat_tables(ledger.answer("FROM records ORDER BY name"))
        assert ledger.rows("SELECT count(DISTINCT name) FROM sorted") == [(200_000,)]
        assert ledger.memory > 1_000_000
    assert found["name"].to_pylist() == [f"{row:032d}" for row in range(200_000)]


def test_rows_given_before_memory_ran_out_are_not_given_again(tmp_path: Path) -> None:
    little = "row = 150000 AND current_setting('memory_limit') = '15.2 MiB'"
    question = f"SELECT CASE WHEN {little} THEN error('SET memory_limit') ELSE row END AS row, name"
    with Ledger(tmp_path, memory=16_000_000) as ledger:
        ledger.load("records", SCHEMA, wide_tables)
        parts = ledger.answer(f"{question} FROM records")
        read = next(parts)["row"].to_pylist()
        assert ledger.memory == 16_000_000
        read += list(chain.from_iterable(part["row"].to_pylist() for part in parts))
        assert ledger.memory == 32_000_000
    assert read == list(range(200_000))


def test_records_beyond_all_memory_are_said_to_be_too_many(tmp_path: Path) -> None:
    with Ledger(tmp_path, memory=500_000, most=2_000_000) as ledger:
        ledger.load("records", SCHEMA, lambda: tables(7_000))
        with pytest.raises(DataError, match=r"too many for the memory.*within 2 MB"):
            ledger.rows("SELECT list(row || repeat(name, 100) ORDER BY name) FROM records")
