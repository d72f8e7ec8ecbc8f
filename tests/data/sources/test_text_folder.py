"""Folders of text files: a class a folder, any charset, in folders and archives."""

from __future__ import annotations

import logging
from pathlib import Path

import fsspec
import pytest

from millrace.data.sources import contents
from millrace.data.sources.reader import open_reader
from millrace.errors import DataError
from text_sources import document, read, rows, tar, write, zipped

FILES = {
    "ham/a.txt": "plain \u200bwords\r\n".encode(),
    "ham/deep/b.TXT": "\ufeffmarked ü".encode(),
    "spam/c.txt": b"caf\xe9 \x80",
    "spam/d.txt": "wide €".encode("utf-16"),
    "spam/e.txt": b"\x81\xff\x00",
    "spam/.hidden.txt": b"no",
    "readme.md": b"no",
}
FOUND = [
    ("ham", "plain \u200bwords\r\n".encode(), "text"),
    ("ham", "marked ü".encode(), "text"),
    ("spam", "café €".encode(), "text"),
    ("spam", "wide €".encode(), "text"),
    ("spam", b"\x81\xff\x00", "bytes"),
]


@pytest.fixture(autouse=True)
def _home(home: Path) -> None: ...


def place(kind: str, root: Path) -> Path:
    if kind == "zip":
        return zipped(root / "texts.zip", FILES)
    return tar(root / "texts.tar.gz", FILES) if kind == "tar" else write(root / "texts", FILES)


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_texts_are_read_from_wherever_they_lie(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    asked = document("text_folder", place(kind, tmp_path))
    with caplog.at_level(logging.INFO):
        assert rows(asked) == FOUND
    assert read(asked)["record_id"][1].as_py() == "made/ham/deep/b.TXT"
    assert "5 texts, 5 with a label, 2 classes; 1 other files are left out" in caplog.text
    assert "1 of 5 files are not UTF-8" in caplog.text


def test_texts_are_read_from_a_remote_folder() -> None:
    store = fsspec.filesystem("memory")
    for name, data in FILES.items():
        store.pipe_file(f"/texts/{name}", data)
    assert rows(document("text_folder", "memory://texts")) == FOUND
    store.rm("/texts", recursive=True)


def test_a_source_can_be_one_class_or_none(tmp_path: Path) -> None:
    root = place("folder", tmp_path)
    assert {row[0] for row in rows(document("text_folder", root, label="news"))} == {"news"}
    assert {row[0] for row in rows(document("text_folder", root, labels=None))} == {None}


def test_a_pattern_and_a_charset_can_be_said(tmp_path: Path) -> None:
    root = write(tmp_path / "t", {"a/1.eml": "Привет".encode("koi8-r"), "a/2.txt": b"x"})
    asked = document("text_folder", root, pattern="*.eml", encoding="koi8-r")
    assert rows(asked) == [("a", "Привет".encode(), "text")]


def test_a_text_that_is_too_large_is_a_record_without_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "LARGEST_TEXT", 10)
    root = write(tmp_path / "t", {"a/1.txt": b"x" * 11, "a/2.txt": b"x" * 10})
    first, second = rows(document("text_folder", root))
    assert first == ("a", None, "unreadable;11 bytes; at most 10 are read")
    assert second[1:] == (b"x" * 10, "text")


@pytest.mark.parametrize("name", ["../out.txt", "/etc/out.txt", "a/../../out.txt"])
def test_an_archive_whose_paths_lead_out_is_refused(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "bad.zip", {"ham/a.txt": b"a", name: b"b"})
    with pytest.raises(DataError, match="path leads out"):
        open_reader(document("text_folder", path)).partitions()


def test_a_folder_without_a_text_says_what_was_looked_for(tmp_path: Path) -> None:
    root = write(tmp_path / "t", {"a/1.doc": b"x"})
    with pytest.raises(DataError, match=r"no texts in it; expected files like \*.txt.*1 other"):
        open_reader(document("text_folder", root)).partitions()
