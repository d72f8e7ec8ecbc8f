"""Parquet files: picture files and lists of pixels, one file or many, whole or damaged."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import array_sources as made
from millrace.data.sources import parquet_file
from millrace.data.sources.reader import open_reader
from millrace.errors import DataError, SpecError


def read(document: dict[str, Any]) -> pa.Table:
    reader = open_reader(document)
    return pa.concat_tables(t for p in reader.partitions() for t in reader.read(p))


def pixels(table: pa.Table) -> Any:
    return np.frombuffer(b"".join(table["content"].to_pylist()), np.uint8)


def png(image: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def pngs(files: Any) -> list[bytes]:
    return [png(image) for image in files.pixels(12, (4, 5))]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), "struct"])
def test_picture_files_are_decoded_by_cleaning(
    bench: Any, files: Any, pngs: list[bytes], kind: Any
) -> None:
    rows = pa.array(pngs, pa.binary() if kind == "struct" else kind)
    if kind == "struct":
        rows = pa.StructArray.from_arrays([rows, pa.nulls(12, pa.string())], ["bytes", "path"])
    table = pa.table({"image": rows, "label": ["cat"] * 12})
    source = made.parquet(files.folder, table, row_group_size=5)
    (partition,) = bench.discover(source)
    cleaned = bench.clean(bench.collect(source, partition), duplicates="keep")
    assert cleaned.result.rows == 12
    assert (pixels(cleaned.table()) == files.pixels(12, (4, 5)).reshape(-1)).all()


def test_a_row_that_only_names_its_file_says_so(files: Any, pngs: list[bytes]) -> None:
    rows = [{"bytes": pngs[0], "path": "a.png"}, {"bytes": None, "path": "b.png"}, None]
    table = pa.table({"image": rows, "label": [1, 2, 3]})
    table = read(made.parquet(files.folder, table))
    assert table["content"].to_pylist() == [pngs[0], None, None]
    assert table["encoding"][1].as_py().startswith("unreadable;names the file b.png")
    assert table["encoding"][2].as_py() == "file"


def test_hugging_face_class_names_are_used(files: Any, pngs: list[bytes]) -> None:
    features = {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.table({"image": pngs[:4], "label": pa.array([1, 0, -1, None], pa.int64())})
    source = made.parquet(files.folder, table.replace_schema_metadata(metadata))
    assert read(source)["label"].to_pylist() == ["dog", "cat", None, None]
    plain = made.parquet(files.folder, table.replace_schema_metadata({"huggingface": "{"}))
    assert read(plain)["label"].to_pylist() == ["1", "0", "-1", None]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (pa.array(["cat", None, " "]), ["cat", None, None]),
        (pa.array(["cat", None, "dog"]).dictionary_encode(), ["cat", None, "dog"]),
        (pa.array([1.0, 2.5, None]), ["1", None, None]),
        (pa.array([True, False, None]), ["1", "0", None]),
        (pa.array([b"cat", b"\xff", b"dog"]), ["cat", None, "dog"]),
    ],
)
def test_labels_of_several_types(files: Any, pngs: list[bytes], labels: Any, expected: Any) -> None:
    table = pa.table({"image": pngs[:3], "label": labels})
    assert read(made.parquet(files.folder, table))["label"].to_pylist() == expected


def nested(kind: str, images: Any) -> Any:
    flat = [image.reshape(-1).tolist() for image in images]
    return {
        "list": lambda: pa.array(flat, pa.list_(pa.uint8())),
        "large": lambda: pa.array(flat, pa.large_list(pa.int64())),
        "fixed": lambda: pa.array(flat, pa.list_(pa.int16(), 16)),
        "nested": lambda: pa.array(images.tolist(), pa.list_(pa.list_(pa.uint8()))),
        "tensor": lambda: pa.FixedShapeTensorArray.from_numpy_ndarray(images),
    }[kind]()


@pytest.mark.parametrize("kind", ["list", "large", "fixed", "nested", "tensor"])
def test_lists_of_pixels_are_pictures(files: Any, kind: str) -> None:
    images = files.pixels(9, (4, 4))
    table = pa.table({"image": nested(kind, images), "label": range(9)})
    table = read(made.parquet(files.folder, table, row_group_size=4, partition_rows=3))
    assert (pixels(table) == images.reshape(-1)).all()
    assert set(table["encoding"].to_pylist()) == {"pixels;height=4;width=4;channels=1;maximum=255"}


def test_bad_lists_are_records_that_say_why(files: Any) -> None:
    rows = [[1, 2, 3, 4], [1, 2, 3], None, [1, None, 3, 4], [1, 2, 3, 256], [4, 3, 2, 1], []]
    table = pa.table({"image": pa.array(rows, pa.list_(pa.int32())), "label": range(7)})
    table = read(made.parquet(files.folder, table))
    said = [text.removeprefix("unreadable;")[:12] for text in table["encoding"].to_pylist()]
    assert said[1:5] == ["3 numbers in", "0 numbers in", "pixel 1 is n", "pixel 3 is 2"]
    assert said[6] == "0 numbers in"
    assert list(table["content"][5].as_py()) == [4, 3, 2, 1]


@pytest.mark.parametrize(
    ("columns", "values", "said"),
    [
        ({"x": [b"1"]}, {}, r"image: a column is missing.*expected x"),
        ({"image": [b"1"]}, {}, "label: a column is missing"),
        ({"image": ["text"], "label": [1]}, {}, "wrong type.*string"),
        ({"image": [[["a"]]], "label": [1]}, {}, "wrong type"),
        ({"image": [{"path": "a"}], "label": [1]}, {}, "wrong type"),
        ({"image": [b"1"], "label": [[1]]}, {}, "wrong type.*list"),
        ({"image": [[0.5, 0.1, 0.2, 0.3]], "label": [1]}, {}, "Write `maximum: 1`"),
        ({"image": [[1, 2, 3]], "label": [1]}, {}, "not a picture|pixels are not a picture"),
    ],
)
def test_columns_that_hold_no_pictures_are_refused(
    files: Any, columns: Any, values: Any, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        open_reader(made.parquet(files.folder, pa.table(columns), **values)).partitions()


@pytest.mark.parametrize("uri", ["set", "set/*/*.parquet", "set/**.parquet"])
def test_a_folder_or_pattern_is_read_in_order_of_names(files: Any, uri: str) -> None:
    images = files.pixels(20, (4, 4))
    for name, rows in (("b/1", slice(10, 20)), ("a/2", slice(5, 10)), ("a/1", slice(5))):
        table = made.pixel_lists(images[rows], range(20)[rows])
        source = made.parquet(files.folder, table, file=f"set/{name}.parquet")
    files.write("set/readme.txt", b"none of them")
    table = read(source | {"uri": str(files.folder / uri)})
    assert table["label"].to_pylist() == [str(n) for n in range(20)]
    assert table["record_id"][7].as_py() == "made/a/2.parquet/000000002"
    assert table["origin"][7].as_py() == "2.parquet#2"


def test_a_folder_without_files_says_so(files: Any) -> None:
    source = made.document(made.specs.ParquetSource, kind="parquet", uri=str(files.folder))
    with pytest.raises(DataError, match="no file matches"):
        open_reader(source).partitions()


def test_a_digest_of_a_folder_is_refused(files: Any) -> None:
    values = {"kind": "parquet", "uri": str(files.folder), "sha256": "0" * 64}
    with pytest.raises(SpecError, match="a digest is of one file"):
        open_reader(made.document(made.specs.ParquetSource, **values)).partitions()


def test_a_wrong_digest_is_refused(files: Any) -> None:
    table = made.pixel_lists(files.pixels(2, (4, 4)), range(2))
    with pytest.raises(DataError, match="fails its checksum"):
        open_reader(made.parquet(files.folder, table, sha256="0" * 64)).partitions()


def test_a_folder_that_grew_yields_new_partitions_only(files: Any) -> None:
    images = files.pixels(20, (4, 4))
    table = made.pixel_lists(images, range(20))
    source = made.parquet(files.folder, table, file="set/b.parquet", partition_rows=8)
    source["uri"] = str(files.folder / "set")
    before = [(p.member, p.start, p.fingerprint) for p in open_reader(source).partitions()]
    made.parquet(files.folder, table[:5], file="set/a.parquet")
    after = [(p.member, p.start, p.fingerprint) for p in open_reader(source).partitions()]
    assert after[1:] == before


def test_a_file_that_got_another_row_group_yields_new_partitions_only(files: Any) -> None:
    table = made.pixel_lists(files.pixels(24, (4, 4)), range(24))
    source = made.parquet(files.folder, table[:16], row_group_size=8, partition_rows=8)
    before = open_reader(source).partitions()
    made.parquet(files.folder, table, row_group_size=8)
    assert open_reader(source).partitions()[:2] == before


def test_a_changed_file_is_noticed(files: Any) -> None:
    table = made.pixel_lists(files.pixels(24, (4, 4)), range(24))
    source = made.parquet(files.folder, table)
    (partition,) = open_reader(source).partitions()
    made.parquet(files.folder, made.pixel_lists(files.pixels(24, (4, 4), seed=1), range(24)))
    with pytest.raises(DataError, match="changed after it was discovered"):
        list(open_reader(source).read(partition))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9, 0.999])
def test_a_truncated_file_is_refused(files: Any, share: float) -> None:
    source = made.parquet(files.folder, made.pixel_lists(files.pixels(99, (4, 4)), range(99)))
    path = Path(source["uri"])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(DataError, match="damaged"):
        read(source)


def test_a_limit_cuts_within_a_row_group(bench: Any, files: Any) -> None:
    images = files.pixels(20, (4, 4))
    source = made.parquet(files.folder, made.pixel_lists(images, range(20)), partition_rows=9)
    partitions = bench.discover(source, limit=12)
    tables = [bench.collect(source, partition).table() for partition in partitions]
    assert (pixels(pa.concat_tables(tables)) == images[:12].reshape(-1)).all()


def test_tables_stay_small_where_pictures_are_large(
    files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_file, "_MOST_BYTES", 1 << 20)
    rows = [np.random.default_rng(n).bytes(100_000) for n in range(100)]
    source = made.parquet(files.folder, pa.table({"image": rows}), label=None)
    (partition,) = open_reader(source).partitions()
    sizes = [table.num_rows for table in open_reader(source).read(partition)]
    assert sum(sizes) == 100
    assert max(sizes) == 10
    assert pq.read_metadata(source["uri"]).num_row_groups == 1


def words(files: Any, columns: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Return a source of a table of texts or records."""
    return made.parquet(files.folder, pa.table(columns), **values)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary()])
def test_texts_arrive_with_their_labels_and_groups(files: Any, kind: pa.DataType) -> None:
    texts = pa.array(["é", None, "\0x", ""], pa.string()).cast(kind)
    columns = {"body": texts, "label": ["a", "b", None, "a"], "who": [1, 1, 2, None]}
    table = read(words(files, columns, text="body", group="who"))
    assert table["content"].to_pylist() == ["é".encode(), None, b"\0x", b""]
    missing = "unreadable;the text is missing"
    assert table["encoding"].to_pylist() == ["text", missing, "text", "text"]
    assert table["label"].to_pylist() == ["a", "b", None, "a"]
    assert table["group"].to_pylist() == ["1", "1", "2", None]


def test_a_group_that_changes_changes_the_partition(files: Any) -> None:
    found = []
    for who in (["p", "q"], ["p", "p"]):
        columns = {"body": ["x", "y"], "who": who}
        source = words(files, columns, text="body", label=None, group="who")
        found += open_reader(source).partitions()
    assert found[0].fingerprint != found[1].fingerprint


def test_bytes_that_are_no_text_are_told_apart(files: Any) -> None:
    columns = {"body": pa.array([b"caf\xe9", b"ok"], pa.binary())}
    table = read(words(files, columns, text="body", label=None))
    assert table["encoding"].to_pylist() == ["bytes", "text"]


def test_rows_are_records_of_all_other_columns(files: Any) -> None:
    columns = {
        "when": pa.array([0, 10**18], pa.timestamp("ns")),
        "cost": pa.array([1.5, float("nan")]),
        "kind": pa.array(["x", None]).dictionary_encode(),
        "deep": [{"a": 1, "b": "y"}, None],
        "label": [2.5, 3.0],
    }
    table = read(words(files, columns, rows=True))
    assert [json.loads(row) for row in table["content"].to_pylist()] == [
        {"when": "1970-01-01T00:00:00", "cost": 1.5, "kind": "x"} | {"deep.a": 1, "deep.b": "y"},
        {
            "when": "2001-09-09T01:46:40",
            "cost": None,
            "kind": None,
        }
        | {"deep": None},
    ]
    assert table["label"].to_pylist() == ["2.5", "3"]
    assert set(table["encoding"].to_pylist()) == {"row"}


def test_a_value_that_python_has_not_spoils_its_row_only(files: Any) -> None:
    when = pa.array([0, 10**12], pa.timestamp("s"))
    table = read(words(files, {"when": when}, rows=True, label=None))
    right, wrong = table["encoding"].to_pylist()
    assert right == "row"
    assert wrong == "unreadable;when is of type TimestampScalar, not a single value"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"rows": True, "label": None}, "column is of the wrong type.*received list"),
        ({"rows": True, "label": "gone"}, "column is missing"),
        ({"text": "list", "label": None}, "wrong type; expected texts; received list"),
        ({"text": "number", "label": None}, "wrong type; expected texts; received int64"),
        ({"text": "word", "group": "list", "label": None}, "expected texts or numbers"),
        ({"label": None}, "column is missing.*received image"),
    ],
)
def test_columns_that_hold_something_else_are_refused(
    files: Any, values: dict[str, Any], said: str
) -> None:
    source = words(files, {"list": [[1]], "number": [1], "word": ["x"]}, **values)
    with pytest.raises(DataError, match=said):
        open_reader(source).partitions()


@pytest.mark.parametrize(
    "values",
    [
        {"text": "a", "rows": True},
        {"image": "a", "text": "b"},
        {"image": "a", "rows": True},
        {"text": "a", "label": "a"},
        {"text": "a", "channels": 3},
        {"rows": True, "maximum": 1.0},
    ],
)
def test_a_row_is_one_thing(files: Any, values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"one of image, text and rows|different|of pictures"):
        words(files, {"a": ["x"]}, **values)
