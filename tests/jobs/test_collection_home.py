"""What of this host's folder goes, and what does not."""

from __future__ import annotations

import os
import time
from pathlib import Path

from millrace.data.sources.cache import locked
from millrace.jobs.collection_home import leftovers, remove_leftovers
from millrace.jobs.locks import key_lock
from millrace.jobs.retention import Retention

HOUR = 3600.0


def make(path: Path, hours: float, content: str = "12345") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    for one in (path, path.parent):
        os.utime(one, (time.time() - hours * HOUR,) * 2)
    return path


def names(home: Path) -> set[str]:
    return {one.path.relative_to(home).as_posix() for one in leftovers(home, Retention())}


def test_old_things_go_and_young_ones_stay(tmp_path: Path) -> None:
    make(tmp_path / "locks" / "old.lock", 30)
    make(tmp_path / "locks" / "young.lock", 1)
    make(tmp_path / "scratch" / "train-old" / "a" / "x", 30)
    os.utime(tmp_path / "scratch" / "train-old", (time.time() - 30 * HOUR,) * 2)
    make(tmp_path / "scratch" / "train-young" / "x", 1)
    make(tmp_path / "sources" / "old.gz", 31 * 24)
    make(tmp_path / "sources" / "young.gz", 29 * 24)
    make(tmp_path / "catalog.db", 10_000)
    make(tmp_path / "reports" / "x", 10_000)
    assert names(tmp_path) == {"locks/old.lock", "scratch/train-old", "sources/old.gz"}
    assert remove_leftovers(leftovers(tmp_path, Retention())) == 10
    assert names(tmp_path) == set()
    assert (tmp_path / "scratch" / "train-young" / "x").exists()


def test_a_lock_that_is_held_stays_however_old(tmp_path: Path) -> None:
    with key_lock(tmp_path / "locks", "held"):
        os.utime(tmp_path / "locks" / "held.lock", (0.0, 0.0))
        assert names(tmp_path) == set()
    assert names(tmp_path) == {"locks/held.lock"}


def test_a_cached_file_that_was_read_lately_stays(tmp_path: Path) -> None:
    path = make(tmp_path / "cache" / "objects" / "ab", 100 * 24)
    os.utime(path, (time.time(), time.time() - 100 * 24 * HOUR))
    assert names(tmp_path) == set()


def test_links_lead_nowhere(tmp_path: Path) -> None:
    outside = make(tmp_path / "outside" / "precious", 10_000)
    home = tmp_path / "home"
    (home / "scratch").mkdir(parents=True)
    (home / "sources").mkdir()
    for name in ("scratch/link", "sources/link"):
        (home / name).symlink_to(outside.parent)
        os.utime(home / name, (0.0, 0.0), follow_symlinks=False)
    remove_leftovers(leftovers(home, Retention()))
    assert outside.exists()


def test_a_home_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    assert names(tmp_path / "none") == set()


def test_the_lock_of_a_cache_that_is_held_stays(tmp_path: Path) -> None:
    with locked(tmp_path / "sources" / "one"):
        path = tmp_path / "sources" / "one" / ".lock"
        os.utime(path, (0.0, 0.0))
        remove_leftovers(leftovers(tmp_path, Retention()))
        assert path.exists()
    os.utime(path, (0.0, 0.0))
    remove_leftovers(leftovers(tmp_path, Retention()))
    assert not path.exists()
