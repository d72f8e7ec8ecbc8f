"""Locks that are files: one holder, whatever is removed meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path

from millrace.lock_files import remove_free, take


def test_a_lock_has_one_holder_at_a_time(tmp_path: Path) -> None:
    held = take(tmp_path / "a.lock")
    assert held is not None
    assert take(tmp_path / "a.lock") is None
    held.close()
    again = take(tmp_path / "a.lock")
    assert again is not None
    again.close()


def test_a_held_lock_file_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    held = take(path)
    assert held is not None
    remove_free(path)
    assert path.exists()
    held.close()
    remove_free(path)
    assert not path.exists()


def test_who_waited_for_a_file_that_was_removed_holds_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    held = take(path)
    assert held is not None
    got = threading.Event()

    def wait() -> None:
        file = take(path, wait=True)
        assert file is not None
        with file:
            got.set()
            done.wait(10)

    done = threading.Event()
    thread = threading.Thread(target=wait)
    thread.start()
    assert not got.wait(0.2)
    path.unlink()
    held.close()
    assert got.wait(10)
    assert take(path) is None
    done.set()
    thread.join()
