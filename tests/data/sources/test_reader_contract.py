"""The contract of `SourceReader`, over every implementation."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import array_sources
import text_sources
from millrace.data.schemas import RAW
from millrace.data.sources.partition import Partition, cut
from millrace.data.sources.raw import pixel_table
from millrace.data.sources.reader import keyed, open_reader
from millrace.errors import DataError, SpecError
from millrace.workflow.folder_sources import ImageFolderSource


class OwnReader:
    """A user's own source: what a workflow's `package.module:name` names."""

    places = ("folder",)

    def __init__(self, document: Any, *, folder: str, count: int = 7) -> None:
        self.name, self.rows, self.count = document["name"], document["partition_rows"], count

    def partitions(self) -> list[Partition]:
        return cut(self.name, self.count, self.rows, "own")

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        images = np.arange(partition.start, partition.stop, dtype=np.uint8).reshape(-1, 1, 1, 1)
        yield pixel_table(partition, partition.start, images, None, "own.dat")


@pytest.fixture(autouse=True)
def own_module(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("own_sources")
    module.OwnReader, module.text = OwnReader, "text"  # type: ignore[attr-defined]
    module.no_reader = lambda document: object()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "own_sources", module)


def _digits(files: Any) -> dict[str, Any]:
    return {"name": "digits", "kind": "sklearn", "dataset": "digits", "partition_rows": 10_000}


def _idx(files: Any) -> dict[str, Any]:
    document: dict[str, Any] = files.idx_source(files.pixels(25, (4, 5)), np.arange(25) % 10)
    return document


def _idx_gzip(files: Any) -> dict[str, Any]:
    images, labels = files.pixels(25, (4, 5)), np.arange(25) % 10
    document: dict[str, Any] = files.idx_source(images, labels, compress=True)
    return document


def _idx_unlabelled(files: Any) -> dict[str, Any]:
    return _idx(files) | {"labels": None}


def _cifar_file(files: Any) -> dict[str, Any]:
    data = files.cifar([n % 10 for n in range(12)], files.pixels(12, (32, 32, 3)))
    document: dict[str, Any] = files.cifar_source(files.write("data.bin", data))
    return document


def _cifar_archive(files: Any) -> dict[str, Any]:
    data = files.cifar([n % 2 for n in range(12)], files.pixels(12, (32, 32, 3)))
    half = len(data) // 2
    members = {
        "folder/data_batch_2.bin": data[half:],
        "folder/data_batch_1.bin": data[:half],
        "folder/batches.meta.txt": b"cat\ndog\n\n",
    }
    document: dict[str, Any] = files.cifar_source(files.tar("cifar.tar.gz", members))
    return document


def _own(files: Any) -> dict[str, Any]:
    options = {"folder": str(files.folder)}
    return {"name": "own", "kind": "own_sources:OwnReader", "partition_rows": 99} | {
        "options": options
    }


def _image_csv(files: Any) -> dict[str, Any]:
    text = array_sources.csv_text(files.pixels(25, (4, 4)), [n % 10 for n in range(25)])
    return array_sources.image_csv(files.folder, text + "1,2,3\n")


def _npy(files: Any) -> dict[str, Any]:
    return array_sources.npy(files.folder, files.pixels(25, (4, 5)), np.arange(25) % 10)


def _npz(files: Any) -> dict[str, Any]:
    members = {"x": files.pixels(25, (4, 5, 3)), "y": np.arange(25) % 10}
    return array_sources.npz(files.folder, members)


def _hdf5(files: Any) -> dict[str, Any]:
    datasets = {"images": files.pixels(25, (4, 5)), "labels": np.arange(25) % 10}
    return array_sources.hdf5(files.folder, datasets)


def _parquet(files: Any) -> dict[str, Any]:
    table = array_sources.pixel_lists(files.pixels(25, (4, 4)), np.arange(25) % 10)
    return array_sources.parquet(files.folder, table, row_group_size=4)


def _parquet_folder(files: Any) -> dict[str, Any]:
    table = array_sources.pixel_lists(files.pixels(25, (4, 4)), np.arange(25) % 10)
    for name, part in (("a/1", table[:12]), ("a/2", table[12:20]), ("b/1", table[20:])):
        source = array_sources.parquet(files.folder, part, file=f"set/{name}.parquet")
    return source | {"uri": str(files.folder / "set")}


def _image_folder(files: Any) -> dict[str, Any]:
    for number in range(25):
        path = files.folder / "pets" / "cat dog"[number % 2 * 4 :][:3] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([number]))
    spec = ImageFolderSource(name="pets", kind="image_folder", uri=str(files.folder / "pets"))
    return spec.model_dump(mode="json")


def _image_archive(files: Any) -> dict[str, Any]:
    folder = Path(_image_folder(files)["uri"])
    members = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.png")}
    return _image_folder(files) | {"uri": str(files.tar("pets.tar.gz", members))}


def _sklearn_table(files: Any) -> dict[str, Any]:
    return text_sources.document("sklearn", dataset="wine")


def _sample(files: Any) -> dict[str, Any]:
    return text_sources.document("sample", dataset="sms")


def _delimited(files: Any) -> dict[str, Any]:
    lines = [f'{"ham" if n % 2 else "spam"},"text, {n}\n"\n' for n in range(25)]
    path = files.write("made.csv", "".join(["label,text\n", *lines, "bad\n"]).encode())
    return text_sources.document("delimited", path, text="text", label="label")


def _rows(files: Any) -> dict[str, Any]:
    path = files.write("made.csv", b"a,b,c\n" + b"1,,x\n2,3,y\n" * 12)
    return text_sources.document("delimited", path, label="c", group="a")


def _jsonl(files: Any) -> dict[str, Any]:
    path = files.write("made.jsonl", b"".join(b'{"a": {"t": "%d"}}\n' % n for n in range(25)))
    return text_sources.document("jsonl", path, text="a.t")


def _parquet_texts(files: Any) -> dict[str, Any]:
    table = pa.table({"body": [f"t{n}" for n in range(25)], "label": list(range(25))})
    return array_sources.parquet(files.folder, table, row_group_size=4, text="body")


def _parquet_rows(files: Any) -> dict[str, Any]:
    return _parquet_texts(files) | {"text": None, "rows": True}


def _text_folder(files: Any) -> dict[str, Any]:
    names = {f"{'ab'[n % 2]}/{n}.txt": b"text %d" % n for n in range(25)}
    return text_sources.document("text_folder", text_sources.write(files.folder / "pets", names))


def _messages(files: Any) -> dict[str, Any]:
    members = {f"set/{'ab'[n % 2]}/{n}": b"From: a@b\n\n%d" % n for n in range(25)}
    return text_sources.document("email", files.tar("mail.tar.gz", members), group="sender")


def _mailbox(files: Any) -> dict[str, Any]:
    line = b"From a@b Mon Jan  1 10:00:00 2020\n"
    data = b"".join(line + b"From: a@b\n\n%d\n\n" % n for n in range(25))
    return text_sources.document("email", files.write("made.mbox", data), label="ham")


def _sql(files: Any) -> dict[str, Any]:
    with sqlite3.connect(files.folder / "made.db") as base:
        base.execute("CREATE TABLE t (id INT, body TEXT)")
        base.executemany("INSERT INTO t VALUES (?, ?)", [(n, f"text {n}") for n in range(25)])
    base.close()
    uri = f"sqlite:///{files.folder}/made.db"
    return text_sources.document("sql", uri, query="SELECT * FROM t", key="id", text="body")


Source = Callable[[Any], dict[str, Any]]
SOURCES = (
    _digits,
    _idx,
    _idx_gzip,
    _idx_unlabelled,
    _cifar_file,
    _cifar_archive,
    _own,
    _image_csv,
    _npy,
    _npz,
    _hdf5,
    _parquet,
    _parquet_folder,
    _image_folder,
    _image_archive,
    _sklearn_table,
    _sample,
    _delimited,
    _rows,
    _jsonl,
    _parquet_texts,
    _parquet_rows,
    _text_folder,
    _messages,
    _mailbox,
    _sql,
)
BY_NAME = ("image_folder", "text_folder", "sql")
"""Kinds whose records have names of their own, and a position in their partition only."""


@pytest.fixture(params=SOURCES, ids=lambda make: make.__name__.strip("_"))
def source(request: pytest.FixtureRequest, files: Any) -> dict[str, Any]:
    document: dict[str, Any] = request.param(files)
    return document


def read(document: dict[str, Any]) -> pa.Table:
    reader = open_reader(document)
    return pa.concat_tables(t for p in reader.partitions() for t in reader.read(p))


def has_names(source: dict[str, Any]) -> bool:
    return source["kind"] in BY_NAME or str(source.get("uri")).endswith("mail.tar.gz")


def test_tables_have_the_raw_schema_and_rows_add_up(source: dict[str, Any]) -> None:
    reader = open_reader(source)
    for partition in reader.partitions():
        tables = list(reader.read(partition))
        assert all(table.schema.equals(RAW) for table in tables)
        assert all(0 < table.num_rows <= 8192 for table in tables)
        assert sum(table.num_rows for table in tables) == partition.rows
        for table in tables:
            table.validate(full=True)


@pytest.mark.parametrize("rows", [1_000, 5, 3])
def test_records_are_the_same_however_the_source_is_cut(source: dict[str, Any], rows: int) -> None:
    whole = read(source)
    cut_up = read(source | {"partition_rows": rows if len(whole) < 1_000 else rows * 200})
    if has_names(source):
        whole, cut_up = (table.drop_columns("position") for table in (whole, cut_up))
    assert cut_up.combine_chunks().equals(whole.combine_chunks())


@pytest.mark.parametrize("limit", [None, 4])
def test_stages_list_and_collect_it(source: dict[str, Any], limit: int | None, bench: Any) -> None:
    source = {"label_map": {}, "split": None} | source | {"partition_rows": 300}
    partitions = bench.discover(source, limit=limit)
    collected = [bench.collect(source, partition) for partition in partitions]
    assert [made.result.rows for made in collected] == [p["stop"] - p["start"] for p in partitions]
    assert limit is None or sum(made.result.rows for made in collected) == limit


def test_ids_are_unique_and_begin_with_the_source(source: dict[str, Any]) -> None:
    ids = read(source)["record_id"].to_pylist()
    assert len(set(ids)) == len(ids)
    assert all(name.startswith(f"{source['name']}/") for name in ids)
    assert sorted(ids) == ids


def test_origins_show_a_file_and_a_position_without_folders(source: dict[str, Any]) -> None:
    if has_names(source):
        first = read(source).slice(0, 1).to_pylist()[0]
        name = first["record_id"].partition("/")[2]
        assert first["origin"] in (name, f"{source['name']}#{name}")
        return
    for row in read(source).select(["origin", "position"]).to_pylist():
        file, _, position = row["origin"].rpartition("#")
        assert file
        assert "/" not in file
        assert int(position) - row["position"] in (0, 1, 2)  # or the line of a text


def test_listing_and_reading_are_deterministic(source: dict[str, Any]) -> None:
    assert open_reader(source).partitions() == open_reader(source).partitions()
    assert read(source).equals(read(source))


def test_partitions_survive_as_json(source: dict[str, Any]) -> None:
    for partition in open_reader(source).partitions():
        assert Partition.from_document(partition.to_document()) == partition


def test_what_is_keyed_holds_no_folder(source: dict[str, Any], files: Any) -> None:
    text = str(keyed(source))
    assert source["name"] in text
    assert str(files.folder) not in text
    assert not {"sha256", "partition_rows", "label_map", "split"} & set(keyed(source))


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("source", pa.repeat("other", 7), "source is not 'own'"),
        ("origin", pa.nulls(7, pa.string()), "origin.* null values"),
        ("content", pa.array(range(7)), "content"),
        (None, None, "label"),
    ],
)
def test_a_reader_that_yields_wrong_tables_is_refused(
    bench: Any, files: Any, monkeypatch: pytest.MonkeyPatch, column: Any, value: Any, said: str
) -> None:
    right = OwnReader.read

    def wrong(self: OwnReader, partition: Partition) -> Iterator[Any]:
        for table in right(self, partition):
            place = table.column_names.index(column or "label")
            yield table.set_column(place, column, value) if column else table.remove_column(place)

    monkeypatch.setattr(OwnReader, "read", wrong)
    source = _own(files)
    (partition,) = bench.discover(source)
    with pytest.raises(SpecError, match=f"other than RAW tables.*{said}"):
        bench.collect(source, partition)


def test_a_reader_that_yields_too_few_records_is_refused(
    bench: Any, files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OwnReader, "read", lambda self, partition: iter(()))
    source = _own(files)
    (partition,) = bench.discover(source)
    with pytest.raises(DataError, match=r"another number of records.*expected 7; received 0"):
        bench.collect(source, partition)


@pytest.mark.parametrize("options", [{}, {"folder": "f", "colour": 1}])
def test_options_that_do_not_fit_are_refused(options: dict[str, Any]) -> None:
    document = {"name": "own", "kind": "own_sources:OwnReader", "partition_rows": 9}
    with pytest.raises(SpecError, match="options do not fit"):
        open_reader(document | {"options": options})


@pytest.mark.parametrize("name", ["text", "no_reader"])
def test_something_else_than_a_reader_is_refused(name: str) -> None:
    with pytest.raises(SpecError, match="not a reader"):
        open_reader({"name": "own", "kind": f"own_sources:{name}", "partition_rows": 9})


def test_a_module_that_is_missing_is_named() -> None:
    with pytest.raises(SpecError, match="no_such_module:Reader"):
        open_reader({"name": "own", "kind": "no_such_module:Reader", "partition_rows": 9})
