"""The cache of sources: whole files or none, in nobody else's folder."""

from __future__ import annotations

import gzip
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from millrace.data.sources.cache import CACHES, cache_folder, new_file
from millrace.data.sources.files import open_source
from millrace.data.sources.unpacked import unpacked
from millrace.errors import DataError, SpecError


def test_a_file_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def half() -> None:
        with new_file(tmp_path / "made" / "f") as part:
            part.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert list((tmp_path / "made").iterdir()) == []


def test_without_a_variable_the_cache_is_in_the_project_s_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MILLRACE_HOME", raising=False)
    monkeypatch.setenv("MILLRACE_PROJECT", str(tmp_path))
    for kind in CACHES:
        assert cache_folder(kind) == tmp_path / ".millrace" / kind


def test_where_the_home_cannot_be_written_the_folder_is_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "file" / "home"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = cache_folder("sources")
    assert folder.is_dir()
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    uid = os.getuid()
    folder.parent.rename(tmp_path / f"millrace-{uid + 1}")
    monkeypatch.setattr(os, "getuid", lambda: uid + 1)
    with pytest.raises(SpecError, match="somebody else"):
        cache_folder("sources")


def test_a_compressed_source_is_unpacked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path))
    content: Any = os.urandom(3_000_000)
    path = tmp_path / "f.gz"
    path.write_bytes(gzip.compress(content))
    first = unpacked(open_source(str(path)), len(content))
    assert first.read_bytes() == content
    assert unpacked(open_source(str(path))) == first


@pytest.mark.parametrize("size", [999, 1_001])
def test_content_of_another_size_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path))
    path = tmp_path / "f.gz"
    path.write_bytes(gzip.compress(bytes(1_000)))
    with pytest.raises(DataError, match="truncated or damaged"):
        unpacked(open_source(str(path)), size)
    assert list((tmp_path / "unpacked").iterdir()) == []
