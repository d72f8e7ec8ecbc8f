"""What lies at a path may be texts, e-mails or a table: told by names, headers and first lines."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from millrace.data.survey.find import find
from millrace.data.survey.found import Asked, Found
from millrace.data.survey.labels import label_map, labels_of
from millrace.errors import DataError, SpecError
from text_sources import document, rows, tar, write, zipped

MAIL = b"From: a@b.example\r\nSubject: now\r\n\r\nWords of a mail.\r\n"
BOX = b"From a@b.example Thu Jan  1 00:00:00 2026\n" + MAIL.replace(b"\r\n", b"\n") + b"\n"
WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


@pytest.fixture(autouse=True)
def _home(home: Path) -> None:
    """Caches of sources go to a temporary folder."""


def text(seed: int, words: int = 9) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words)) + f" {seed}"


def found(*paths: Path, kind: str | None = None, label: str | None = None) -> Found:
    return find([(str(path), path) for path in paths], Asked(kind, label))


def one(*paths: Path, **asked: Any) -> Mapping[str, Any]:
    (source,) = found(*paths, **asked).sources
    return source


def read(source: Mapping[str, Any]) -> list[Any]:
    values = {n: value for n, value in source.items() if n not in ("name", "kind", "uri")}
    return rows(document(source["kind"], source["uri"], **values))


def table(path: Path, header: str | None, lines: list[str], encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join([*([header] if header else []), *lines, ""]).encode(encoding))
    return path


def test_texts_in_class_folders(tmp_path: Path) -> None:
    root = write(tmp_path / "x", {f"{c}/{n}.txt": b"some words" for c in "ab" for n in range(3)})
    source = one(root)
    assert source == {"name": "x", "kind": "text_folder", "uri": str(root)}
    assert {label for label, *_ in read(source)} == {"a", "b"}


def test_texts_of_another_ending_are_read_by_a_pattern(tmp_path: Path) -> None:
    root = write(tmp_path / "x", {f"{c}/{n}.md": b"some words" for c in "ab" for n in range(3)})
    assert one(root)["pattern"] == "*.md"
    root = write(tmp_path / "y", {f"{c}/{n}": b"some words" for c in "ab" for n in range(3)})
    assert len(read(one(root))) == 6


def test_folders_of_emails_are_told_by_their_heads(tmp_path: Path) -> None:
    root = write(tmp_path / "x", {f"{c}/0{n}.ab12": MAIL for c in "ab" for n in range(3)})
    assert one(root)["kind"] == "email"


def test_folders_that_say_ham_or_spam_in_more_words_are_these(tmp_path: Path) -> None:
    names = ("easy_ham", "easy_ham_2", "hard_ham", "spam", "spam_2")
    source = one(write(tmp_path / "x", {f"{name}/1": MAIL for name in names}))
    assert source["label_map"] == {
        "easy_ham": "ham", "easy_ham_2": "ham", "hard_ham": "ham", "spam_2": "spam",
    }  # fmt: skip


def test_a_maildir_has_no_classes(tmp_path: Path) -> None:
    root = write(tmp_path / "x", {"cur/1:2,S": MAIL, "new/2": MAIL, "tmp/3": MAIL})
    assert found(root).classes == ()
    both = [write(tmp_path / name, {"cur/1": MAIL}) for name in ("ham", "spam")]
    assert [s["label"] for s in found(*both).sources] == ["ham", "spam"]


@pytest.mark.parametrize("together", [True, False])
def test_names_of_archives_tell_the_labels(tmp_path: Path, together: bool) -> None:
    names = ("20030228_easy_ham", "20030228_hard_ham", "20030228_spam")
    paths = [
        tar(tmp_path / f"{n}.tar.bz2", {f"{n}/{k}": MAIL for k in "12"}, "w:bz2") for n in names
    ]
    told = found(tmp_path) if together else found(*paths)
    assert [source["label"] for source in told.sources] == ["ham", "ham", "spam"]
    assert "names tell the labels" in told.notes[0]
    assert {label for source in told.sources for label, *_ in read(source)} == {"ham", "spam"}


def test_archives_with_classes_inside_keep_them(tmp_path: Path) -> None:
    for name in ("train", "test"):
        zipped(tmp_path / f"{name}.zip", {f"{c}/{n}.txt": b"words" for c in "ab" for n in "12"})
    sides = {s["name"]: (s.get("split"), s.get("label")) for s in found(tmp_path).sources}
    assert sides == {"train": (None, None), "test": ("test", None)}


def test_mailboxes_beside_each_other_are_classes(tmp_path: Path) -> None:
    for name in ("ham.mbox", "spam.mbox"):
        (tmp_path / name).write_bytes(BOX * 3)
    assert {s["label"] for s in found(tmp_path).sources} == {"ham", "spam"}
    (tmp_path / "Inbox").write_bytes(BOX)
    assert one(tmp_path / "Inbox")["kind"] == "email"


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["easy_ham", "hard_ham", "spam"], ["ham", "ham", "spam"]),
        (["new_york", "los_angeles"], ["new_york", "los_angeles"]),
        (["spam_1", "spam_2"], ["spam", "spam"]),
        (["easy_ham", "spam"], ["ham", "spam"]),
        (["1", "2"], ["1", "2"]),
        (["train-cats", "train-dogs"], ["cats", "dogs"]),
    ],
)
def test_labels_in_names(names: list[str], labels: list[str]) -> None:
    assert labels_of(names) == labels


def test_folders_that_are_no_mail_keep_their_names() -> None:
    assert label_map({"black cat", "white cat", "dog"}) == {}


def test_the_collection_of_short_messages_has_neither_header_nor_ending(tmp_path: Path) -> None:
    lines = [f'{"spam" if n % 5 == 0 else "ham"}\t{text(n)} "' for n in range(40)]
    write(tmp_path, {"readme": b"About it."})
    path = table(tmp_path / "SMSSpamCollection", None, ["ham\tOk lar", *lines])
    for place in (path, tmp_path):
        source = one(place)
        assert (source["label"], source["text"], source["header"]) == (0, 1, False)
        assert len(read(source)) == 41


def test_its_table_in_latin_1_has_columns_without_names(tmp_path: Path) -> None:
    lines = [f'{"spam" if n % 5 == 0 else "ham"},"£, {text(n)}",,,' for n in range(40)]
    source = one(table(tmp_path / "spam.csv", "v1,v2,,,", lines, "latin-1"))
    assert (source["label"], source["text"]) == ("v1", "v2")
    assert "£" in read(source)[0][1].decode()


def test_encodings_may_be_mixed(tmp_path: Path) -> None:
    lines = [f"{'ab'[n % 2]},é {text(n)}".encode(("utf-8", "latin-1")[n % 2]) for n in range(30)]
    (tmp_path / "a.csv").write_bytes(b"\n".join([b"label,text", *lines]))
    assert all("é" in content.decode() for _, content, _ in read(one(tmp_path / "a.csv")))


def test_lines_of_json_with_texts_or_records(tmp_path: Path) -> None:
    reviews = [{"id": n, "meta": {"text": text(n)}, "stars": n % 5} for n in range(40)]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, reviews)))
    source = one(path, label="stars")
    assert (source["text"], source["label"]) == ("meta.text", "stars")
    sizes = [{"size": n * 1.5, "species": "ab"[n % 2]} for n in range(40)]
    path.write_text("\n".join(map(json.dumps, sizes)))
    assert found(path).modality == "table"
    assert one(path).get("text") is None


def test_columns_of_parquet_with_texts_or_records(tmp_path: Path) -> None:
    labels = ["ab"[n % 2] for n in range(40)]
    pq.write_table(
        pa.table({"y": labels, "comment": [text(n) for n in range(40)]}), tmp_path / "a.parquet"
    )
    assert one(tmp_path / "a.parquet")["text"] == "comment"
    pq.write_table(pa.table({"size": list(range(40)), "kind": labels}), tmp_path / "a.parquet")
    source = one(tmp_path / "a.parquet")
    assert (source["rows"], source["label"]) == (True, "kind")


def test_few_numbers_with_names_are_a_table_and_no_picture(tmp_path: Path) -> None:
    lines = [f"{n}.5,{n % 7},{n * 2},{n % 5},{'ab'[n % 2]}" for n in range(40)]
    path = table(tmp_path / "a.csv", "length,width,height,depth,species", lines)
    assert (found(path).modality, one(path)["label"]) == ("table", "species")


def test_sixteen_named_measurements_are_no_picture_unless_it_is_asked_for(tmp_path: Path) -> None:
    header = ",".join([*(f"of_{chr(97 + n)}" for n in range(16)), "label"])
    lines = [",".join([*("9" * 16), "ab"[n % 2]]) for n in range(9)]
    path = table(tmp_path / "a.csv", header, lines)
    assert found(path).modality == "table"
    assert found(path, kind="image").modality == "image"


def test_names_of_people_among_many_columns_are_no_texts(tmp_path: Path) -> None:
    lines = [f"{n},{'Smith, Mr. John ' + str(n)!r},{n % 80},{n % 3},m,{n % 2}" for n in range(50)]
    path = table(tmp_path / "a.tsv", None, [line.replace(",", "\t") for line in lines])
    assert found(path, label="5").modality == "table"
    lines = [f"{n};Mr. John Smith {n};{n % 80};{n % 3};m;{n % 2}" for n in range(50)]
    path = table(tmp_path / "b.csv", "id;name;age;class;sex;survived", lines)
    assert found(path).modality == "table"


@pytest.mark.parametrize("label", ["b", "1"])
def test_the_label_can_be_named(tmp_path: Path, label: str) -> None:
    lines = [f"{n}.25,{n % 3},{n % 2}" for n in range(40)]
    path = table(tmp_path / "a.csv", "a,b,c", lines)
    assert one(path)["label"] == "c"
    assert "was taken for the label" in found(path).notes[0]
    assert one(path, label=label)["label"] == "b"
    assert found(path, label=label).notes == ()
    with pytest.raises(SpecError, match="no column is called so"):
        found(path, label="d")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"text\nsome words here\nand others there\n", "a table of one column"),
        (b"a,b\n0.5,1.5\n2.5,3.5\n4.5,6.25\n", "without a column of labels"),
        (b"file,label\n1.png,a\n2.png,b\n", "name picture files"),
        (b"\x00\x01\x02\x03" * 99, "not a text table"),
        (b"\n\n \n", "empty table"),
        (b"a,label\n" + b"".join(b"%d,id%d\n" % (n, n) for n in range(300)), "a value of its own"),
        (os.urandom(4_096), "not a"),
    ],
)
def test_a_table_without_what_is_needed_is_a_sentence(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    asked = {"label": "label"} if sentence == "a value of its own" else {}
    with pytest.raises(DataError, match=sentence):
        found(tmp_path / "a.csv", **asked)


def test_ten_thousand_columns_are_too_many_to_be_named(tmp_path: Path) -> None:
    header = ",".join([*(f"word_{n}_{n % 7}x" for n in range(10_000)), "label"])
    lines = [",".join([*("-1" for _ in range(10_000)), "ab"[n % 2]]) for n in range(9)]
    with pytest.raises(DataError, match="too wide") as caught:
        found(table(tmp_path / "a.csv", header, lines))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("kind", [None, "image", "text"])
def test_pictures_and_texts_in_one_folder(tmp_path: Path, kind: str | None) -> None:
    names = {f"{c}/{n}.txt": b"some words" for c in "ab" for n in range(9)}
    root = write(tmp_path / "x", names | {f"{c}/1.png": b"x" for c in "ab"})
    told = found(root, kind=kind)
    assert told.modality == (kind or "text")
    if kind is None:
        assert "`--kind image` takes those" in told.notes[0]
    with pytest.raises(DataError, match="nothing that Millrace could learn from"):
        found(root, kind="table")


def test_places_of_different_kinds_are_refused(tmp_path: Path) -> None:
    root = write(tmp_path / "x", {"a/1.txt": b"words"})
    lines = [f"{n}.5,{'ab'[n % 2]}" for n in range(9)]
    with pytest.raises(DataError, match="different kinds of data"):
        found(root, table(tmp_path / "a.csv", "size,label", lines))


def test_binary_junk_in_a_folder_is_a_sentence(tmp_path: Path) -> None:
    root = write(tmp_path / "x", {"a": os.urandom(999), "b.bin": b"x", "c": b"\0" * 99})
    with pytest.raises(DataError, match="nothing that Millrace could learn from"):
        found(root)


def test_a_single_email_is_no_data_set(tmp_path: Path) -> None:
    (tmp_path / "mail").write_bytes(MAIL)
    with pytest.raises(DataError, match="a single e-mail"):
        found(tmp_path / "mail")


def test_a_packed_table_is_read(tmp_path: Path) -> None:
    lines = "".join(f"{'ab'[n % 2]},{text(n)}\n" for n in range(30))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(f"label,text\n{lines}".encode()))
    assert len(read(one(tmp_path / "a.csv.gz"))) == 30


def test_tables_that_are_called_for_their_side_are_one_data_set(tmp_path: Path) -> None:
    lines = [f"{n}.5,{'ab'[n % 2]}" for n in range(20)]
    for name in ("train.csv", "test.csv"):
        table(tmp_path / name, "size,label", lines)
    sides = {s["name"]: s.get("split") for s in found(tmp_path).sources}
    assert sides == {"train": None, "test": "test"}
    table(tmp_path / "other.csv", "size,label", lines)
    with pytest.raises(DataError, match="several tables in one folder"):
        found(tmp_path)


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"SMSSpamCollection": b"ham\tsome words\n", "readme": b"About it."}, "a single text"),
        ({"a.csv": b"label,text\n"}, "unpacked first"),
        ({"a.zip": b"PK", "b.zip": b"PK"}, "2 other files"),
        ({}, "no file"),
    ],
)
def test_an_archive_without_records_is_a_sentence(
    tmp_path: Path, members: dict[str, bytes], sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence):
        found(zipped(tmp_path / "x.zip", members))


def test_readable_files_beside_records_are_left_out(tmp_path: Path) -> None:
    files = {f"{c}/{n}": MAIL for c in "ab" for n in range(9)} | {"a/cmds": b"x", "README": b"x"}
    told = found(write(tmp_path / "x", files | {"a/list.xml": b"x"}))
    assert told.notes == ("3 files of other kinds are left out.",)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_table_of_another_system_is_read(tmp_path: Path, encoding: str) -> None:
    lines = [f"{'ab'[n % 2]};{text(n)}" for n in range(30)]
    path = tmp_path / "a.csv"
    end = "\r" if encoding == "utf-8-sig" else "\r\n"
    path.write_bytes(end.join(["label;text", *lines]).encode(encoding))
    source = one(path)
    assert (source["delimiter"], source["label"], source["text"]) == (";", "label", "text")
    assert len(read(source)) == 30


def test_a_row_of_megabytes_is_one_of_many(tmp_path: Path) -> None:
    lines = [f"{'ab'[n % 2]}\t{text(n)}" for n in range(30)]
    path = table(tmp_path / "a.csv", None, [*lines, "a\t" + "w " * 2_000_000])
    assert len(read(one(path))) == 31
