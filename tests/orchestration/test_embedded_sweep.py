"""Which temporary folders are removed: only those where nothing changed for a day."""

from __future__ import annotations

import os
import time
from pathlib import Path

from millrace.orchestration.embedded.sweep import OLD, sweep


def _make(folder: Path, age: float, file_age: float | None = None) -> Path:
    folder.mkdir(parents=True)
    (folder / "part").write_text("x")
    for path, seconds in ((folder / "part", age if file_age is None else file_age), (folder, age)):
        os.utime(path, (time.time() - seconds,) * 2)
    return folder


def test_old_folders_go_and_those_still_written_stay(tmp_path: Path) -> None:
    old = _make(tmp_path / "old", 2 * OLD)
    fresh = _make(tmp_path / "fresh", 60)
    long_job = _make(tmp_path / "long", 2 * OLD, file_age=60)
    assert sweep(tmp_path) == 1
    assert (old.exists(), fresh.exists(), long_job.exists()) == (False, True, True)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    away = _make(tmp_path / "away", 2 * OLD)
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "link").symlink_to(away)
    assert sweep(tmp_path / "scratch") == 0
    assert away.exists()


def test_no_scratch_folder_is_fine(tmp_path: Path) -> None:
    assert sweep(tmp_path / "none") == 0
