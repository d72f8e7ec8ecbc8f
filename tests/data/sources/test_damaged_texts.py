"""Damaged sources of texts, messages and rows: an error that says so, or records that are whole."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from fuzzing import damage_within
from millrace.data.schemas import RAW
from millrace.data.sources.reader import open_reader
from millrace.errors import MillraceError
from text_sources import document, tar, write, zipped

CASES = 60
ROWS = [(n, f'text "{n}", é\n', "ab"[n % 2]) for n in range(24)]
MAIL = {f"{label}/{n}": f"From: p{n}@x\n\n{text}".encode() for n, text, label in ROWS}

Maker = Callable[[Path], tuple[Path, dict[str, Any]]]


def delimited(root: Path) -> tuple[Path, dict[str, Any]]:
    rows = (f'{n},"{text.replace(chr(34), chr(34) * 2)}",{label}\n' for n, text, label in ROWS)
    path = write(root, {"a.csv": ("n,text,label\n" + "".join(rows)).encode()}) / "a.csv"
    return path, document("delimited", path, text="text", label="label")


def rows(root: Path) -> tuple[Path, dict[str, Any]]:
    path, source = delimited(root)
    return path, source | {"text": None, "quoting": True}


def jsonl(root: Path) -> tuple[Path, dict[str, Any]]:
    lines = (json.dumps({"in": {"text": text}, "label": label}) for _, text, label in ROWS)
    path = write(root, {"a.jsonl": "\n".join(lines).encode()}) / "a.jsonl"
    return path, document("jsonl", path, text="in.text", label="label")


def mbox(root: Path) -> tuple[Path, dict[str, Any]]:
    line = b"From a@b Mon Jan  1 10:00:00 2020\n"
    path = write(root, {"a.mbox": b"".join(line + m + b"\n\n" for m in MAIL.values())}) / "a.mbox"
    return path, document("email", path, group="sender")


def mail_zip(root: Path) -> tuple[Path, dict[str, Any]]:
    path = zipped(root / "a.zip", MAIL)
    return path, document("email", path, group="sender")


def mail_tar(root: Path) -> tuple[Path, dict[str, Any]]:
    path = tar(root / "a.tar.bz2", MAIL, "w:bz2")
    return path, document("email", path)


def sqlite(root: Path) -> tuple[Path, dict[str, Any]]:
    with sqlite3.connect(root / "a.db") as base:
        base.execute("CREATE TABLE t (id INT, body TEXT, label TEXT)")
        base.executemany("INSERT INTO t VALUES (?, ?, ?)", ROWS)
    base.close()
    source = document("sql", f"sqlite:///{root}/a.db", query="SELECT * FROM t", key="id")
    return root / "a.db", source | {"label": "label"}


MAKERS = (delimited, rows, jsonl, mbox, mail_zip, mail_tar, sqlite)


def check(source: dict[str, Any]) -> None:
    """Read a source; every record must be what its encoding says, and each partition whole."""
    reader = open_reader(source)
    for partition in reader.partitions():
        tables = list(open_reader(source).read(partition))
        table = pa.concat_tables(tables)
        table.validate(full=True)
        assert table.schema == RAW
        assert table.num_rows == partition.rows
        assert len(set(table["record_id"].to_pylist())) == table.num_rows
        for content, encoding in zip(table["content"], table["encoding"], strict=True):
            if encoding.as_py() == "text":
                content.as_py().decode("utf-8")
            elif encoding.as_py() == "row":
                assert isinstance(json.loads(content.as_py()), dict)
            else:
                assert encoding.as_py().startswith(("message", "bytes", "unreadable;"))


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_a_damaged_source_is_refused_or_read_whole(home: Path, tmp_path: Path, make: Maker) -> None:
    path, source = make(tmp_path)
    whole = path.read_bytes()
    check(source)
    longest = 0
    for seed in range(CASES):
        path.write_bytes(damage_within(whole, random.Random(seed)))
        try:
            check(source)
        except MillraceError as error:
            longest = max(longest, len(str(error)))
    assert longest < 2_000
