"""`millrace keys`: a new key, what the stores need, and the exchange of a master key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from millrace.artifacts.manifest import FileEntry
from millrace.artifacts.restricted import RestrictedStore
from millrace.artifacts.sealing.master_keys import MasterKeys, new_key
from millrace.artifacts.store import Store
from millrace.errors import SpecError
from millrace.settings import Settings

Millrace = Callable[..., tuple[int, str, str]]
OLD, NEW = new_key(), new_key()


def use(monkeypatch: pytest.MonkeyPatch, *keys: str) -> str:
    monkeypatch.setenv("MILLRACE_MASTER_KEY", ",".join(keys))
    return MasterKeys.load().current


def store(tmp_path: Path, number: int = 0) -> Store:
    return Store(Settings.load().store, tmp_path / f"cache-{number}", seals=True)


@pytest.fixture
def sealed(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileEntry:
    """An installation with an encrypted object and an original, both under the old key."""
    use(monkeypatch, OLD)
    monkeypatch.setenv("MILLRACE_RESTRICTED_STORE", (tmp_path / "restricted").as_uri())
    path = tmp_path / "source"
    path.write_text("Jane Doe")
    restricted = RestrictedStore.load(home / "restricted")
    assert restricted is not None
    restricted.keep("w", "P-A", "S-B", path)
    return store(tmp_path).put(path)


def test_a_new_key_can_be_used_and_is_another_each_time(
    millrace: Millrace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (millrace("keys", "new")[1].strip() for _ in range(2))
    assert first != second
    assert use(monkeypatch, first)


def test_the_key_is_exchanged_without_touching_data(
    millrace: Millrace, sealed: FileEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [tmp_path / "restricted", tmp_path / "home" / "store"]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    current = use(monkeypatch, NEW, OLD)
    code, out, _ = millrace("keys", "rotate")
    assert (code, out.count("1 data keys")) == (0, 2)
    changed = {path for path, data in before.items() if path.read_bytes() != data}
    assert {path.suffix for path in changed} == {".key"}
    use(monkeypatch, NEW)
    code, out, _ = millrace("keys", "check")
    assert (code, out.count(current), "old" in out) == (0, 2, False)
    assert store(tmp_path, 1).local(sealed).read_text() == "Jane Doe"


def test_rotation_without_the_old_key_says_which_is_missing_and_changes_nothing(
    millrace: Millrace, sealed: FileEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = MasterKeys.load().current
    use(monkeypatch, NEW)
    code, _, error = millrace("keys", "rotate")
    assert (code, old in error) == (64, True)
    code, out, _ = millrace("keys", "check")
    assert (code, "not known here" in out) == (65, True)
    with pytest.raises(SpecError, match=old):
        store(tmp_path, 1).local(sealed)
    use(monkeypatch, OLD)
    assert store(tmp_path, 2).local(sealed).read_text() == "Jane Doe"


def test_a_rotation_that_was_interrupted_goes_on(
    millrace: Millrace, sealed: FileEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, NEW, OLD)
    path = tmp_path / "another"
    path.write_text("John Doe")
    other = store(tmp_path).put(path)  # under the new key already
    assert "1 data keys" in millrace("keys", "rotate")[1]
    assert "0 data keys" in millrace("keys", "rotate")[1]
    use(monkeypatch, NEW)
    opened = [store(tmp_path, 3).local(entry).read_text() for entry in (sealed, other)]
    assert opened == ["Jane Doe", "John Doe"]


def test_a_damaged_document_is_named_and_the_others_are_exchanged(
    millrace: Millrace, sealed: FileEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "another"
    path.write_text("John Doe")
    other = store(tmp_path).put(path)
    name = f"sealed/{other.sha256[:2]}/{other.sha256}.key"
    (tmp_path / "home" / "store" / name).write_bytes(b'{"format": 1')
    use(monkeypatch, NEW, OLD)
    code, _, error = millrace("keys", "rotate")
    assert (code, other.sha256 in error) == (65, True)
    code, out, _ = millrace("keys", "check")
    assert (code, other.sha256[:20] in out.replace("\n", "")) == (65, True)
    use(monkeypatch, NEW)
    assert store(tmp_path, 4).local(sealed).read_text() == "Jane Doe"


def test_without_a_key_and_without_anything_encrypted_the_check_is_content(
    millrace: Millrace, home: Path
) -> None:
    code, out, _ = millrace("keys", "check")
    assert (code, "Nothing is encrypted" in out) == (0, True)
    code, _, error = millrace("keys", "rotate")
    assert (code, "there is no master key" in error) == (64, True)
