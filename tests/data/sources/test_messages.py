"""E-mails in folders, archives, Maildirs and mbox files: their bytes as they were."""

from __future__ import annotations

import gzip
import logging
import mailbox
import zipfile
from pathlib import Path
from typing import Any

import pytest

from millrace.data.growth import growth
from millrace.data.sources import contents
from millrace.data.sources import mailbox as own_mailbox
from millrace.data.sources.messages_sender import sender_of
from millrace.data.sources.reader import open_reader
from millrace.errors import DataError
from text_sources import document, read, rows, tar, write, zipped

HAM = b"From: Ann <Ann@Example.com>\r\nSubject: caf\xe9\r\n\r\nhello\r\n"
SPAM = b"From x@y.example Thu Aug 22 12:36:23 2002\nFrom: b@example.org\n\n\x00\xff<html>\n"
FILES = {
    "ham/00001.7c53336b": HAM,
    "ham/ann@example.com": HAM + b"2",
    "spam/00001.abc": SPAM,
    "spam/cmds": b"mv 1 00001.abc",
    "spam/.hidden": b"no",
    "spam/more.zip": b"PK\3\4no",
    "spam/more.tar.bz2": b"BZhno",
    "spam/all.mbox": SPAM,
}
FOUND = [("ham", HAM, "message"), ("ham", HAM + b"2", "message"), ("spam", SPAM, "message")]


@pytest.fixture(autouse=True)
def _home(home: Path) -> None: ...


def place(kind: str, root: Path) -> Path:
    if kind == "zip":
        return zipped(root / "mail.zip", FILES)
    if kind == "bz2":
        return tar(root / "mail.tar.bz2", {f"corpus/{n}": d for n, d in FILES.items()}, "w:bz2")
    return write(root / "mail", FILES)


@pytest.mark.parametrize("kind", ["folder", "zip", "bz2"])
def test_messages_are_files_of_any_name_and_other_files_are_counted(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert rows(document("email", place(kind, tmp_path))) == FOUND
    assert "3 messages, 3 with a label, 2 classes; 4 other files are left out" in caplog.text


def test_a_source_can_be_one_class(tmp_path: Path) -> None:
    root = place("bz2", tmp_path)
    assert {row[0] for row in rows(document("email", root, label="spam"))} == {"spam"}
    assert {row[0] for row in rows(document("email", root, labels=None))} == {None}


def test_messages_of_a_sender_are_a_group(tmp_path: Path) -> None:
    table = read(document("email", place("folder", tmp_path), group="sender"))
    assert table["group"].to_pylist() == ["ann@example.com", "ann@example.com", "b@example.org"]


@pytest.mark.parametrize(
    ("message", "sender"),
    [
        (b"From: a@b.example\n\n", "a@b.example"),
        (b'FROM:\n "Long, Name"\r\n <A@B.example>\r\nTo: x@y\r\n\r\n', "a@b.example"),
        (b"Subject: x\n\nFrom: body@b.example\n", None),
        (b"From x@y.example Mon\nTo: a@b\n\n", None),
        (b"From: nobody\n\n", None),
        (b"From: =?x-unknown?q?=FF?= <\xff@b>\n\n", "\xff@b"),
        (b"From: " + b"(" * 9_000 + b"a@b.example\n\n", None),
        (b"", None),
    ],
)
def test_a_sender_is_the_address_in_the_header(message: bytes, sender: str | None) -> None:
    assert sender_of(message) == sender


def test_a_maildir_is_read_without_its_unfinished_messages(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    for name in ("ham", "spam"):
        box = mailbox.Maildir(tmp_path / "mail" / name)
        for number in range(3):
            box.add(f"From: {name}@example.com\n\n{number}\n")
        (tmp_path / "mail" / name / "tmp" / "half").write_bytes(b"From: x")
        first = next(iter((tmp_path / "mail" / name / "new").iterdir()))
        first.rename(first.parents[1] / "cur" / f"{first.name}:2,S")
    table = read(document("email", tmp_path / "mail"))
    assert table["label"].to_pylist() == ["ham"] * 3 + ["spam"] * 3
    assert set(read(document("email", tmp_path / "mail" / "ham"))["label"].to_pylist()) == {None}


def test_an_archive_of_archives_says_that_there_are_no_messages(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", FILES).read_bytes()
    path = zipped(tmp_path / "outer.zip", {"a/inner.zip": inner, "b/inner.zip": inner})
    with pytest.raises(DataError, match=r"no messages in it.*received 2 other files"):
        open_reader(document("email", path)).partitions()


@pytest.mark.parametrize("name", ["../cron.d/x", "/etc/x", "a/../../x"])
def test_an_archive_whose_paths_lead_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="path leads out"):
        open_reader(document("email", tar(tmp_path / "bad.tar", {name: HAM}, "w"))).partitions()


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1", b"\0" * (3 << 20))
        archive.filelist[0].file_size = 5 << 30
    with pytest.raises(DataError, match="unpack to too much"):
        open_reader(document("email", path)).partitions()


MESSAGES = [
    b"From: a@b.example\nSubject: x\n\nfirst\n\nFrom here on: no date, so no message\n",
    b"From: a@b.example\n\n>From the start\n\n\n",
    b"Subject: last\n\nno end of line",
]
LINE = b"From a@b.example Thu Aug 22 12:36:23 2002\n"
BOX = b"".join(LINE + message + b"\n" for message in MESSAGES[:2]) + LINE + MESSAGES[2]


def box(folder: Path, data: bytes = BOX, **values: Any) -> dict[str, Any]:
    path = folder / values.pop("file", "box.mbox")
    path.write_bytes(data)
    return document("email", path, **values)


@pytest.mark.parametrize("rows_each", [1, 2, 10])
def test_messages_of_an_mbox_are_what_is_between_its_lines(tmp_path: Path, rows_each: int) -> None:
    asked = box(tmp_path, label="ham", group="sender", partition_rows=rows_each)
    table = read(asked)
    assert table["content"].to_pylist() == MESSAGES
    assert set(table["encoding"].to_pylist()) == {"message"}
    assert table["group"].to_pylist() == ["a@b.example", "a@b.example", None]
    assert table["record_id"].to_pylist()[2] == "made/000000002"


@pytest.mark.parametrize("change", [gzip.compress, lambda data: data.replace(b"\n", b"\r\n")])
def test_ways_to_write_an_mbox_do_not_matter(tmp_path: Path, change: Any) -> None:
    table = read(box(tmp_path, change(BOX), file="archive"))
    found = [content.replace(b"\r\n", b"\n") for content in table["content"].to_pylist()]
    assert found == MESSAGES


def test_what_the_standard_library_writes_is_read_back(tmp_path: Path) -> None:
    theirs = mailbox.mbox(tmp_path / "box.mbox")
    for message in MESSAGES:
        theirs.add(message)
    theirs.close()
    found = read(document("email", tmp_path / "box.mbox"))["content"].to_pylist()
    assert [message.rstrip(b"\n") for message in found] == [
        message.replace(b"\nFrom here", b"\n>From here").rstrip(b"\n") for message in MESSAGES
    ]


def test_an_mbox_that_grows_yields_new_partitions_only(tmp_path: Path) -> None:
    before = open_reader(box(tmp_path, BOX, partition_rows=1)).partitions()
    after = open_reader(box(tmp_path, BOX + b"\n\n" + LINE + HAM, partition_rows=1)).partitions()
    (grown,) = growth([p.to_document() for p in before], [p.to_document() for p in after])
    assert (grown.kept, grown.new) == (2, (3,))


def test_a_message_that_is_too_large_does_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "LARGEST_TEXT", 4 << 20)
    monkeypatch.setattr(own_mailbox, "_MOST", (4 << 20) + 4_096)
    huge = LINE + b"Subject: x\n\n" + b"x" * (9 << 20) + b"\n\n"
    first, second, *_ = rows(box(tmp_path, huge + BOX))
    assert first == (None, None, "unreadable;more than 4,194,304 bytes")
    assert second[1] == MESSAGES[0]


def test_a_single_message_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neither a folder nor an archive"):
        open_reader(box(tmp_path, HAM, file="one.eml")).partitions()


@pytest.mark.data
def test_the_spamassassin_corpus_is_read_as_it_is(data_folder: Path) -> None:
    from hashlib import md5

    table = read(document("email", data_folder / "spamassassin" / "hard_ham.tar.bz2", label="ham"))
    names = [origin.rpartition(".")[2] for origin in table["origin"].to_pylist()]
    digests = [md5(content).hexdigest() for content in table["content"].to_pylist()]
    assert len(names) == 250
    assert sum(name != digest for name, digest in zip(names, digests, strict=True)) == 1
