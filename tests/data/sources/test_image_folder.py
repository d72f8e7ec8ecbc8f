"""Folders of picture files: what becomes a record, and what does not."""

from __future__ import annotations

import io
import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from millrace.data.sources.reader import open_reader
from millrace.errors import DataError
from millrace.workflow.folder_sources import ImageFolderSource


def picture(seed: int = 0, kind: str = "PNG") -> bytes:
    """Return a small picture of noise as a file of some format."""
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def source(uri: Path | str, **values: Any) -> dict[str, Any]:
    return ImageFolderSource(
        **{"name": "pets", "kind": "image_folder", "uri": str(uri)} | values
    ).model_dump(mode="json")


def put(root: Path, name: str | bytes, data: bytes | None = None) -> Path:
    path = root / os.fsdecode(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture() if data is None else data)
    return path


def read(document: dict[str, Any]) -> pa.Table:
    reader = open_reader(document)
    return pa.concat_tables(t for p in reader.partitions() for t in reader.read(p))


def names(document: dict[str, Any]) -> list[str]:
    found: list[str] = read(document)["origin"].to_pylist()
    return found


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    (tmp_path / "pets").mkdir()
    return tmp_path / "pets"


def test_a_subfolder_is_the_class_of_its_pictures(root: Path) -> None:
    put(root, "cat/b.png", picture(1))
    put(root, "cat/young/a.JPG", picture(2, "JPEG"))
    put(root, "dog/c.webp", picture(3, "WEBP"))
    put(root, "d.bmp", picture(4, "BMP"))
    rows = read(source(root)).to_pylist()
    assert [(row["origin"], row["label"]) for row in rows] == [
        ("cat/b.png", "cat"),
        ("cat/young/a.JPG", "cat"),
        ("d.bmp", None),
        ("dog/c.webp", "dog"),
    ]
    assert rows[0]["record_id"] == "pets/cat/b.png"
    assert rows[3]["content"] == picture(3, "WEBP")
    assert {row["encoding"] for row in rows} == {"file"}


def test_a_folder_goes_through_discover_and_collect(root: Path, bench: Any) -> None:
    for number in range(3):
        put(root, f"cat/{number}.png", picture(number))
    (partition,) = bench.discover(source(root))
    collected = bench.collect(source(root), partition)
    assert bench.clean(collected).table()["label"].to_pylist() == ["cat"] * 3


def test_other_files_are_left_out_and_counted(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(root, "cat/a.png")
    for name in ("cat/Thumbs.db", "notes.txt", ".hidden.png", "__MACOSX/b.png", ".git/c.png"):
        put(root, name)
    with caplog.at_level(logging.INFO):
        assert names(source(root)) == ["cat/a.png"]
    assert "1 pictures; 2 other files" in caplog.text


def test_an_empty_folder_is_an_empty_source(root: Path, bench: Any) -> None:
    with pytest.raises(DataError, match="holds no record"):
        bench.discover(source(root))
