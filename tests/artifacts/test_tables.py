from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
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


CONTENTS = pa.schema([("record_id", pa.string()), ("content", pa.binary())])


def contents(sizes: list[int | None]) -> pa.Table:
    held = [None if size is None else bytes(size) for size in sizes]
    names = [f"r/{number}" for number in range(len(sizes))]
    return pa.table([pa.array(names), pa.array(held, pa.binary())], schema=CONTENTS)


def test_bytes_end_a_row_group_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "GROUP_BYTES", 100)
    sizes = [60, 40, 1, 99, 1, None, 500, 0, 100, 0, 101, 1]
    tables.write_table(tmp_path / "t.parquet", CONTENTS, [contents(sizes)])
    groups = [group["content"].to_pylist() for group in tables.read_table(tmp_path / "t.parquet")]
    held = [[None if data is None else len(data) for data in group] for group in groups]
    assert held == [[60, 40], [1, 99], [1, None], [500], [0, 100, 0], [101], [1]]


def test_row_groups_of_bytes_do_not_depend_on_how_rows_arrive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "GROUP_BYTES", 4_000)
    sizes = np.random.default_rng(5).integers(0, 900, 2_000).tolist()
    digests = set()
    for step in (2_000, 1, 3, 5, 777):
        pieces = [contents(sizes).slice(start, step) for start in range(0, 2_000, step)]
        assert tables.write_table(tmp_path / "t.parquet", CONTENTS, pieces) == 2_000
        digests.add(digest_file(tmp_path / "t.parquet"))
    assert len(digests) == 1
    groups = list(tables.read_table(tmp_path / "t.parquet"))
    assert pa.concat_tables(groups).equals(contents(sizes))
    assert max(sum(map(len, g["content"].to_pylist())) for g in groups) <= 4_000


def test_pictures_as_large_as_cifars_fill_whole_row_groups(tmp_path: Path) -> None:
    images = np.zeros((8_193, 32, 32, 3), np.uint8)
    schema = pa.schema([tables.image_field("image", (32, 32, 3))])
    table = pa.table([tables.images_to_column(images)], schema=schema)
    tables.write_table(tmp_path / "t.parquet", schema, [table])
    assert [g.num_rows for g in tables.read_table(tmp_path / "t.parquet")] == [8_192, 1]


def noisy(rows: int, binary: bool) -> pa.Table:
    pixels = np.random.default_rng(1).integers(0, 256, (rows, 60), np.uint8)
    held = [None, *(row.tobytes() for row in pixels[1:])]
    kind = pa.binary() if binary else pa.binary(60)
    return pa.table({"record_id": ["r"] * rows, "content": pa.array(held, kind)})


@pytest.mark.parametrize("binary", [False, True])
def test_only_columns_that_shrink_are_compressed(tmp_path: Path, binary: bool) -> None:
    noise = noisy(500, binary)
    tables.write_table(tmp_path / "t.parquet", noise.schema, [noise])
    group = pq.read_metadata(tmp_path / "t.parquet").row_group(0)
    assert [group.column(n).compression for n in range(2)] == ["ZSTD", "UNCOMPRESSED"]
    flat = pa.table({"content": pa.array([bytes(60)] * 500, noise.schema.field("content").type)})
    tables.write_table(tmp_path / "f.parquet", flat.schema, [flat])
    group = pq.read_metadata(tmp_path / "f.parquet").row_group(0)
    assert group.column(0).compression == "ZSTD"
    (read,) = tables.read_table(tmp_path / "t.parquet")
    assert read["content"].to_pylist() == noise["content"].to_pylist()


@pytest.mark.parametrize("binary", [False, True])
def test_what_is_compressed_does_not_depend_on_how_rows_arrive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, binary: bool
) -> None:
    monkeypatch.setattr(tables, "ROW_GROUP", 100)
    noise = noisy(120, binary)
    kind = noise.schema.field("content").type
    flat = pa.table({"record_id": ["r"] * 500, "content": pa.array([bytes(60)] * 500, kind)})
    whole = pa.concat_tables([noise, flat]).combine_chunks()
    pieces = [whole.slice(start, 7) for start in range(0, whole.num_rows, 7)]
    for name, parts in (("a", [whole]), ("b", pieces)):
        tables.write_table(tmp_path / name, whole.schema, parts)
    assert digest_file(tmp_path / "a") == digest_file(tmp_path / "b")
