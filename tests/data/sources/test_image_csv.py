"""Tables of pictures: every row is accounted for, whatever is in it."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import array_sources as made
from millrace.data.sources.reader import open_reader
from millrace.errors import DataError, SpecError

LABELS = [n % 3 for n in range(40)]


def read(document: dict[str, Any]) -> pa.Table:
    reader = open_reader(document)
    return pa.concat_tables(t for p in reader.partitions() for t in reader.read(p))


def pixels(table: pa.Table) -> Any:
    return np.frombuffer(b"".join(table["content"].to_pylist()), np.uint8)


@pytest.fixture
def images(files: Any) -> Any:
    return files.pixels(40, (2, 2))


@pytest.fixture
def text(images: Any) -> str:
    return made.csv_text(images, LABELS)


def test_pixels_labels_and_lines_arrive(files: Any, images: Any, text: str) -> None:
    table = read(made.image_csv(files.folder, text))
    assert (pixels(table) == images.reshape(-1)).all()
    assert table["label"].to_pylist() == [str(label) for label in LABELS]
    assert set(table["encoding"].to_pylist()) == {"pixels;height=2;width=2;channels=1;maximum=255"}
    assert table["origin"][0].as_py() == "made.csv#2"
    assert table["position"].to_pylist() == list(range(40))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n \n\r\n",
        lambda text: text.replace(",", ";"),
        lambda text: text.replace(",", "\t"),
        lambda text: text.replace(",", " , "),
        lambda text: '"' + text.replace(",", '","').replace("\n", '"\n"').rstrip('"'),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-be").join([b"\xfe\xff", b""]),
        lambda text: gzip.compress(text.encode()),
        lambda text: gzip.compress(text.encode("utf-16")),
    ],
    ids=[
        *("bom", "crlf", "cr", "no-end", "blank-end", "semicolon", "tab", "blanks", "quotes"),
        *("utf16", "utf16be", "gz", "gz16"),
    ],
)
def test_ways_to_write_a_table_do_not_matter(
    files: Any, images: Any, text: str, change: Any
) -> None:
    table = read(made.image_csv(files.folder, change(text)))
    assert (pixels(table) == images.reshape(-1)).all()
    assert table["label"].to_pylist() == [str(label) for label in LABELS]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,2,3,4", "4 columns instead of 5"),
        ("1,2,3,4,5,6", "6 columns instead of 5"),
        ("", "an empty line"),
        ("1,a,3,4,5", r"column 1 \(pixel0\) is a, not a number from 0 to 255"),
        ("1,2,3,,5", r"column 3 \(pixel2\) is empty"),
        ("1,2,3,4,256", r"column 4 \(pixel3\) is 256"),
        ("1,2,-1,4,5", r"column 2 \(pixel1\) is -1"),
        ("1,2,nan,4,5", "is nan"),
        ("1,2,inf,4,5", "is inf"),
        ("1,2,1e999,4,5", "is 1e999"),
        ("1,2,1_0,4,5", "is 1_0"),
        ('1,2,"3,4,5', "3 columns instead of 5"),
        ('"1,2,3,4,5', "1 columns instead of 5"),
        ("1,2,3,4," + "9" * 200_000, "field larger than field limit"),
    ],
)
@pytest.mark.parametrize("place", [0, 17, 40])
def test_a_bad_row_is_a_record_that_says_why(
    bench: Any, files: Any, text: str, row: str, said: str, place: int
) -> None:
    lines = text.splitlines()
    lines.insert(1 + place, row)
    end = "\n1,0,9,0,200\n" if not row else "\n"
    source = made.image_csv(files.folder, "\n".join(lines) + end, header=True)
    (partition,) = bench.discover(source)
    cleaned = bench.clean(bench.collect(source, partition))
    assert cleaned.result.counts.received == 41 + (not row)
    (refused,) = cleaned.table("quarantine.parquet").to_pylist()
    assert (refused["reason"], refused["position"]) == ("undecodable", place)
    assert refused["content"] == row.encode()
    assert re.search(said, refused["detail"])


def test_bytes_that_are_not_utf8_spoil_their_row_only(files: Any, text: str) -> None:
    bad = b"caf\xe9,1,2,3,4\n"
    head, rest = text.encode().split(b"\n", 1)
    source = made.image_csv(files.folder, head + b"\n" + bad + rest + bad + b"a\0,\x001,2,3,4\n")
    table = read(source)
    for row in (0, 41):
        assert table["encoding"][row].as_py() == "unreadable;byte 4 of the line is not UTF-8"
    assert table["encoding"][42].as_py().startswith(r"unreadable;column 1 (pixel0) is \x00")
    assert [text[:6] for text in table["encoding"].to_pylist()[1:41]] == ["pixels"] * 40


def test_many_bad_rows_leave_the_good_ones(files: Any, text: str, images: Any) -> None:
    lines = text.splitlines()
    for n in range(1, 41, 2):
        lines[n] = lines[n].replace(",", ",x", 1)
    table = read(made.image_csv(files.folder, "\n".join(lines), header=True, size=[2, 2]))
    bad = [text.startswith("unreadable;column 1") for text in table["encoding"].to_pylist()]
    assert bad == [True, False] * 20
    good = table.filter(pa.array([not wrong for wrong in bad]))
    assert (pixels(good) == images[1::2].reshape(-1)).all()


@pytest.mark.parametrize("place", [0, -1, 1])
def test_bad_rows_among_many_are_told_one_by_one(files: Any, place: int) -> None:
    images = files.pixels(300, (2, 2))
    rows = [
        ["cat" if n % 3 else "a dog", *map(str, image)]
        for n, image in enumerate(images.reshape(-1, 4).tolist())
    ]
    wrong = {7: "x", 100: "", 101: "1.5.", 200: "300", 299: "nan"}
    for number, value in wrong.items():
        rows[number][2] = value
    for row in rows:
        row.insert(place % 5, row.pop(0))
    source = made.image_csv(files.folder, "\n".join(map(",".join, rows)), label=place)
    table = read(source)
    bad = [n for n, text in enumerate(table["encoding"].to_pylist()) if text[:2] == "un"]
    assert bad == list(wrong)
    assert table["label"].to_pylist() == ["cat" if n % 3 else "a dog" for n in range(300)]
    for number in (0, 6, 8, 102, 298):
        assert table["content"][number].as_py() == images[number].tobytes()


@pytest.mark.parametrize("block", [1, 20, 100])
def test_one_row_means_the_same_among_any_others(files: Any, block: int) -> None:
    rows = ["7,0x1F,+5,1e1,2.5", '7," 3",3.5,.5,5.', "a \xa0,0,255,255.0,-0"]
    plain = ["7,1,2,3,4"] * block
    table = read(made.image_csv(files.folder, "\n".join([*plain, *rows, *plain])))
    expected = [31, 5, 10, 2, 3, 4, 0, 5, 0, 255, 255, 0]
    assert pixels(table)[4 * block : 4 * block + 12].tolist() == expected
    assert table["label"][block + 2].as_py() == "a"


def test_rows_that_quotes_join_do_not_make_up_for_one_that_is_parted(files: Any) -> None:
    rows = ["5,1,1,1,1\r6,2,2,2,2", '"7', '",3,3,3,3', *["8,4,4,4,4"] * 40]
    table = read(made.image_csv(files.folder, "\n".join(["9,5,5,5,5", *rows]), header=False))
    assert len(table) == 44
    said = [text.split(";")[0] for text in table["encoding"].to_pylist()]
    assert said == ["pixels", "unreadable", "unreadable", "unreadable", *["pixels"] * 40]


def test_empty_lines_before_the_header_are_no_rows(files: Any, text: str) -> None:
    table = read(made.image_csv(files.folder, "\n\n" + text))
    assert len(table) == 40
    assert table["origin"][0].as_py() == "made.csv#4"


@pytest.mark.parametrize(
    ("label", "columns"),
    [("label", 0), (0, 0), ("kind", 4), (-1, 4), (4, 4), (-5, 0)],
)
def test_the_label_is_found_by_name_or_position(
    files: Any, images: Any, label: Any, columns: int
) -> None:
    names = [f"p{n}" for n in range(4)]
    names.insert(columns, str(label) if isinstance(label, str) else "class")
    flat = images.reshape(-1, 4).tolist()
    rows = [list(map(str, row)) for row in flat]
    for row in rows:
        row.insert(columns, "cat")
    text = "\n".join(",".join(row) for row in [names, *rows])
    table = read(made.image_csv(files.folder, text, label=label))
    assert (pixels(table) == images.reshape(-1)).all()
    assert set(table["label"].to_pylist()) == {"cat"}


@pytest.mark.parametrize("header", ["auto", False])
def test_a_table_without_header_and_label_keeps_its_first_row(
    files: Any, images: Any, header: Any
) -> None:
    text = made.csv_text(images, None, header=False)
    table = read(made.image_csv(files.folder, text, label=None, header=header))
    assert (pixels(table) == images.reshape(-1)).all()
    assert table["label"].null_count == 40
    assert table["origin"][0].as_py() == "made.csv#1"


def test_a_first_row_with_one_bad_number_is_no_header(files: Any, images: Any) -> None:
    text = made.csv_text(images, LABELS, header=False)
    table = read(made.image_csv(files.folder, "1,x,2,3,4\n" + text))
    assert len(table) == 41
    assert table["encoding"][0].as_py().startswith("unreadable;column 1 is x")


@pytest.mark.parametrize("names", [["label", *range(16)], [0, *range(1, 17)], ["", *range(16)]])
def test_a_header_of_column_numbers_is_a_header(files: Any, names: list[Any]) -> None:
    text = made.csv_text(files.pixels(3, (4, 4)), [0] * 3, header=False)
    assert len(read(made.image_csv(files.folder, ",".join(map(str, names)) + "\n" + text))) == 3


def test_a_picture_that_counts_up_is_no_header(files: Any) -> None:
    text = made.csv_text(np.arange(16).reshape(1, 4, 4), [5], header=False)
    assert len(read(made.image_csv(files.folder, text))) == 1


def test_colours_may_be_interleaved_or_planar(files: Any) -> None:
    images = files.pixels(5, (2, 2, 3))
    text = made.csv_text(images, [0] * 5)
    planes = made.csv_text(images.transpose(0, 3, 1, 2), [0] * 5)
    one = read(made.image_csv(files.folder, text, channels=3))
    two = read(made.image_csv(files.folder, planes, channels=3, layout="planar"))
    assert (pixels(one) == images.reshape(-1)).all()
    assert pixels(two).tobytes() == images.tobytes()


def test_other_columns_are_left_out_where_pixels_are_told(files: Any, images: Any) -> None:
    flat = images.reshape(-1, 4).tolist()
    rows = [["a.png", *map(str, row), "0.7", "cat"] for row in flat]
    text = "\n".join(",".join(r) for r in [["id", "p0", "p1", "p2", "p3", "w", "label"], *rows])
    for first, last in (("p0", "p3"), (1, 4), (-6, -3)):
        values = {"label": "label", "pixels": {"first": first, "last": last}}
        table = read(made.image_csv(files.folder, text, **values))
        assert (pixels(table) == images.reshape(-1)).all()


def test_fractions_are_scaled_where_the_spec_says_so(files: Any) -> None:
    text = "label,a,b,c,d\n" + "1,0.0,0.5,1.0,0.1\n" * 3 + "1,0,0,0,1.01\n"
    table = read(made.image_csv(files.folder, text, maximum=1))
    assert list(table["content"][0].as_py()) == [0, 128, 255, 26]
    assert table["encoding"][3].as_py().endswith("is 1.01, not a number from 0 to 1")


def test_fractions_are_not_taken_for_0_to_255(files: Any) -> None:
    source = made.image_csv(files.folder, "1,0.0,0.5,1.0,0.1\n" * 3)
    with pytest.raises(DataError, match=r"fractions of 1.*Write `maximum: 1`"):
        open_reader(source).partitions()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "line 1, byte 1: not a text table"),
        (b"label,a\n1,\x00\n2,\x00", "line 2, byte 3: not a text table"),
        ("label,é\n".encode("latin-1"), "line 1, byte 7: not a text table"),
        (b"\xff\xfel\x00a\x00b\x00\x00\xd8", "not in one encoding"),
        (b"just text\nmore words\n", "the pixel columns hold no numbers"),
        (b"abc\ndef\n", "one column only"),
        (b"label,a,b,c\n1,2,3,4\n", r"expected 1 x 1 x 1 = 1 columns; received 3 columns"),
        (b"label,a,b,c,d\n1,2,3\n1,2,3\n", "header does not fit"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(files: Any, text: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        open_reader(made.image_csv(files.folder, text)).partitions()


@pytest.mark.parametrize("text", [b"", b"\n\n", b"label,a,b,c,d\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_a_table_without_rows_is_an_empty_source(bench: Any, files: Any, text: bytes) -> None:
    with pytest.raises(DataError, match="holds no record"):
        bench.discover(made.image_csv(files.folder, text))


@pytest.mark.parametrize("label", ["kind", 5, -6])
def test_a_missing_label_column_is_named(files: Any, text: str, label: Any) -> None:
    source = made.image_csv(files.folder, text, label=label)
    with pytest.raises(DataError, match=r"line 1, label: a column is missing.*pixel0"):
        open_reader(source).partitions()


def test_a_label_name_without_a_header_is_refused(files: Any, text: str) -> None:
    source = made.image_csv(files.folder, text, label="label", header=False)
    with pytest.raises(SpecError, match="without a header has no column names"):
        open_reader(source).partitions()


def test_a_count_that_is_a_colour_square_is_recognised(files: Any) -> None:
    text = made.csv_text(files.pixels(3, (4, 4, 3)), [0] * 3)
    with pytest.raises(DataError, match=r"48 columns of pixels.*`channels: 3`"):
        open_reader(made.image_csv(files.folder, text)).partitions()


def test_a_wrong_size_says_how_many_columns_there_are(files: Any, text: str) -> None:
    with pytest.raises(DataError, match=r"expected 3 x 3 x 1 = 9 columns; received 4 columns"):
        open_reader(made.image_csv(files.folder, text, size=[3, 3])).partitions()


def test_one_line_without_end_is_refused(files: Any) -> None:
    source = made.image_csv(files.folder, b"1," * (9 << 20))
    with pytest.raises(DataError, match="a line is too long"):
        open_reader(source).partitions()


def test_a_table_that_grew_yields_new_partitions_only(files: Any, text: str) -> None:
    source = made.image_csv(files.folder, text.rstrip("\n"), partition_rows=15)
    before = open_reader(source).partitions()
    made.image_csv(files.folder, text + "1,2,3,4,5\n" * 20)
    after = open_reader(source).partitions()
    assert after[:2] == before[:2]
    assert [p.rows for p in after] == [15, 15, 15, 15]
    assert after[2].fingerprint != before[2].fingerprint


def test_a_changed_row_changes_its_partition_only(files: Any, text: str) -> None:
    source = made.image_csv(files.folder, text, partition_rows=15)
    before = open_reader(source).partitions()
    made.image_csv(files.folder, text.replace("\n0,", "\nzero,", 1))
    after = open_reader(source).partitions()
    same = [a.fingerprint == b.fingerprint for a, b in zip(after, before, strict=True)]
    assert same == [False, True, True]


def test_a_table_that_changes_after_discovery_is_noticed(files: Any, text: str) -> None:
    source = made.image_csv(files.folder, text, partition_rows=15)
    partition = open_reader(source).partitions()[1]
    lines = text.splitlines()
    lines[20] = "9,9,9,9,9"
    Path(source["uri"]).write_text("\n".join(lines))
    with pytest.raises(DataError, match="changed after it was discovered"):
        list(open_reader(source).read(partition))


def test_a_limit_takes_the_first_rows(bench: Any, files: Any, text: str, images: Any) -> None:
    source = made.image_csv(files.folder, text, partition_rows=15)
    partitions = bench.discover(source, limit=20)
    tables = [bench.collect(source, partition).table() for partition in partitions]
    assert [len(table) for table in tables] == [15, 5]
    assert (pixels(pa.concat_tables(tables)) == images[:20].reshape(-1)).all()
