"""Unpacking hostile archives, and full disks."""

from __future__ import annotations

import errno
import gzip
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from millrace.data.sources import unpacked as module
from millrace.data.sources.files import SourceFile
from millrace.errors import DataError, TransientError

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SourceFile:
    """Three million zeros, in an archive a thousandth of that."""
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    path = tmp_path / "zeros.gz"
    path.write_bytes(gzip.compress(bytes(3_000_000), mtime=0))
    return SourceFile(path, path.name, str(path), None)


def left(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "home" / "unpacked").iterdir())


@pytest.mark.parametrize("size", [None, 3_000_000])
def test_a_gzip_bomb_is_refused_and_leaves_nothing(
    source: SourceFile, size: int | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "_LARGEST", 1_000_000)
    with pytest.raises(DataError, match=r"zeros\.gz: a compressed file unpacks to too much"):
        module.unpacked(source, size)
    assert left(tmp_path) == []


@pytest.mark.parametrize("size", [None, 3_000_000])
def test_zeros_of_an_honest_size_are_unpacked(source: SourceFile, size: int | None) -> None:
    assert module.unpacked(source, size).stat().st_size == 3_000_000


def test_what_does_not_fit_the_disk_is_not_begun_to_fill_it(
    source: SourceFile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: Usage(9, 9, 2_000_000))
    with pytest.raises(TransientError, match=r"no room for the unpacked source.*2,000,000 bytes"):
        module.unpacked(source)
    assert left(tmp_path) == []


def test_a_disk_that_fills_meanwhile_is_transient(
    source: SourceFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_write", full)
    with pytest.raises(TransientError, match="no room for the unpacked source"):
        module.unpacked(source)
