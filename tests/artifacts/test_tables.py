from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from millrace.artifacts import tables
from millrace.artifacts.digests import digest_file
from millrace.errors import IntegrityError

SCHEMA = pa.schema([pa.field("record_id", pa.string()), tables.image_field("image", (2, 3, 1))])


def table(rows: int) -> pa.Table:
    images = np.arange(rows * 6, dtype=np.uint8).reshape(rows, 2, 3, 1)
    names = [f"r/{number}" for number in range(rows)]
    return pa.table([pa.array(names), tables.images_to_column(images)], schema=SCHEMA)


def test_pictures_come_back_as_they_were(tmp_path: Path) -> None:
    tables.write_table(tmp_path / "t.parquet", SCHEMA, [table(5)])
    (read,) = tables.read_table(tmp_path / "t.parquet")
    shape = tables.image_shape(tables.read_schema(tmp_path / "t.parquet"))
    images = tables.column_to_images(read.column("image"), shape)
    assert images.shape == (5, 2, 3, 1)
    assert (images.ravel() == np.arange(30)).all()


def test_the_bytes_do_not_depend_on_how_rows_arrive(tmp_path: Path) -> None:
    whole = table(20_000)
    tables.write_table(tmp_path / "a.parquet", SCHEMA, [whole])
    pieces = [whole.slice(start, 777) for start in range(0, 20_000, 777)]
    assert tables.write_table(tmp_path / "b.parquet", SCHEMA, pieces) == 20_000
    assert digest_file(tmp_path / "a.parquet") == digest_file(tmp_path / "b.parquet")


def test_a_row_group_is_the_unit_of_reading(tmp_path: Path) -> None:
    tables.write_table(tmp_path / "t.parquet", SCHEMA, [table(20_000)])
    sizes = [group.num_rows for group in tables.read_table(tmp_path / "t.parquet")]
    assert sizes == [8_192, 8_192, 3_616]


def test_an_empty_table_is_a_table(tmp_path: Path) -> None:
    tables.write_table(tmp_path / "t.parquet", SCHEMA, [])
    assert tables.count_rows(tmp_path / "t.parquet") == 0
    assert tables.image_shape(tables.read_schema(tmp_path / "t.parquet")) == (2, 3, 1)


def test_what_is_no_table_is_an_integrity_error(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(IntegrityError, match="not a readable table"):
        list(tables.read_table(tmp_path / "t.parquet"))
