"""Listing partitions loads neither NumPy nor Arrow, whatever the kind of source."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from text_sources import document, tar, write

CODE = """
import json, sys
from millrace.data.sources.reader import open_reader
for document in json.load(sys.stdin):
    assert open_reader(document).partitions(), document
    heavy = {"numpy", "pyarrow", "pandas", "sklearn", "PIL"} & set(sys.modules)
    if heavy:
        sys.exit(f"{document['kind']} imported {heavy}")
"""


def test_discovery_of_texts_messages_and_rows_imports_nothing_heavy(tmp_path: Path) -> None:
    mail = {"a/1": b"From: x\n\nhi", "b/2": b"From: y\n\nhi"}
    root = write(
        tmp_path / "in", {"t.csv": b"a,b\n1,2\n", "t.jsonl": b'{"a":1}\n', "t/x.txt": b"x"}
    )
    (root / "m.mbox").write_bytes(b"From x Mon Jan  1 10:00:00 2020\n\nhi\n")
    with sqlite3.connect(root / "t.db") as base:
        base.execute("CREATE TABLE t AS SELECT 1 AS id, 'x' AS body")
    base.close()
    sources = [
        document("delimited", root / "t.csv"),
        document("jsonl", root / "t.jsonl"),
        document("text_folder", root / "t"),
        document("email", write(tmp_path / "mail", mail)),
        document("email", tar(root / "mail.tar.bz2", mail, "w:bz2")),
        document("email", root / "m.mbox"),
        document("sql", f"sqlite:///{root}/t.db", query="SELECT * FROM t", key="id"),
        document("sample", dataset="sms"),
        document("sklearn", dataset="wine"),
    ]
    environment = {**os.environ, "PYTHONPATH": ":".join(sys.path), "MILLRACE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env=environment,
        input=json.dumps(sources).encode(),
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
