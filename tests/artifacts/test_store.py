"""The commit protocol: objects first, the manifest last, the first one wins, reads are verified."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from millrace.artifacts.digests import digest_bytes
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.errors import DataError, IntegrityError, SpecError

KEY = digest_bytes(b"key")


def manifest(store: Store, tmp_path: Path, text: str = "hello", **changes: object) -> Manifest:
    path = tmp_path / "file.txt"
    path.write_text(text)
    fields = {"kind": "text", "key": KEY, "files": {"file.txt": store.put(path)}, "rows": 1}
    return Manifest(**{**fields, **changes})


def object_path(store: Store, made: Manifest) -> Path:
    digest = made.files["file.txt"].sha256
    assert store.local_root is not None
    return store.local_root / "objects" / digest[:2] / digest


def test_nothing_is_visible_before_the_manifest_is_published(store: Store, tmp_path: Path) -> None:
    made = manifest(store, tmp_path)
    assert store.find(KEY) is None
    store.publish(made)
    found = store.find(KEY)
    assert found is not None
    assert found.path("file.txt").read_text() == "hello"


def test_the_first_of_two_manifests_wins(store: Store, tmp_path: Path) -> None:
    first = store.publish(manifest(store, tmp_path, "first"))
    second = store.publish(manifest(store, tmp_path, "second"))
    assert second.ref == first.ref


def test_of_many_writers_at_once_one_wins_and_all_see_it(store: Store, tmp_path: Path) -> None:
    made = [manifest(store, tmp_path, f"text {number}") for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        digests = {artifact.ref.digest for artifact in pool.map(store.publish, made)}
    assert len(digests) == 1


def test_a_forced_manifest_replaces_the_first(store: Store, tmp_path: Path) -> None:
    store.publish(manifest(store, tmp_path, "first"))
    store.publish(manifest(store, tmp_path, "second"), replace=True)
    found = store.find(KEY)
    assert found is not None
    assert found.path("file.txt").read_text() == "second"


def test_a_damaged_object_is_an_error_that_says_so(store: Store, tmp_path: Path) -> None:
    made = manifest(store, tmp_path)
    artifact = store.publish(made)
    path = object_path(store, made)
    path.chmod(0o644)
    path.write_text("jello")
    with pytest.raises(IntegrityError, match="damaged"):
        artifact.path("file.txt")


def test_damage_after_a_verified_read_is_seen(store: Store, tmp_path: Path) -> None:
    made = manifest(store, tmp_path)
    artifact = store.publish(made)
    artifact.path("file.txt")
    path = object_path(store, made)
    path.chmod(0o644)
    path.write_text("jello")
    with pytest.raises(IntegrityError):
        artifact.path("file.txt")


def test_putting_the_content_again_repairs_a_damaged_object(store: Store, tmp_path: Path) -> None:
    made = manifest(store, tmp_path)
    artifact = store.publish(made)
    path = object_path(store, made)
    path.chmod(0o644)
    path.write_text("jello")
    manifest(store, tmp_path)
    assert artifact.path("file.txt").read_text() == "hello"


def test_a_missing_object_makes_an_artifact_incomplete(store: Store, tmp_path: Path) -> None:
    made = manifest(store, tmp_path)
    artifact = store.publish(made)
    assert store.complete(artifact)
    object_path(store, made).unlink()
    assert not store.complete(artifact)
    with pytest.raises(IntegrityError, match="missing"):
        artifact.path("file.txt")


def test_objects_are_read_only(store: Store, tmp_path: Path) -> None:
    path = store.publish(manifest(store, tmp_path)).path("file.txt")
    assert path.stat().st_mode & 0o222 == 0


def test_a_manifest_of_a_newer_format_is_refused(store: Store, tmp_path: Path) -> None:
    made = manifest(store, tmp_path)
    store.publish(made)
    path = Path(store.manifest_uri(KEY).removeprefix("file://"))
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    with pytest.raises(SpecError, match="newer"):
        store.find(KEY)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', "\x00\x01"])
def test_what_is_no_manifest_is_an_integrity_error(store: Store, tmp_path: Path, text: str) -> None:
    store.publish(manifest(store, tmp_path))
    Path(store.manifest_uri(KEY).removeprefix("file://")).write_text(text)
    with pytest.raises(IntegrityError):
        store.find(KEY)


def test_a_changed_fact_does_not_fit_the_manifests_digest(store: Store, tmp_path: Path) -> None:
    store.publish(manifest(store, tmp_path, facts={"rows": 1}))
    path = Path(store.manifest_uri(KEY).removeprefix("file://"))
    path.write_text(path.read_text().replace('"rows": 1\n', '"rows": 2\n', 1))
    with pytest.raises(IntegrityError, match="digest"):
        store.find(KEY)


def test_a_reference_to_what_is_not_there_says_what_to_clear(store: Store, tmp_path: Path) -> None:
    other = Store((tmp_path / "other").as_uri())
    ref = store.publish(manifest(store, tmp_path)).ref
    with pytest.raises(DataError, match="Clear the task"):
        other.get(ref)


def test_a_replaced_artifact_stays_readable_for_whoever_refers_to_it(
    store: Store, tmp_path: Path
) -> None:
    ref = store.publish(manifest(store, tmp_path, "first")).ref
    store.publish(manifest(store, tmp_path, "second"), replace=True)
    assert store.get(ref).path("file.txt").read_text() == "first"
    assert list(store.keys()) == [KEY]


def test_an_artifact_that_changed_under_its_key_is_refused(store: Store, tmp_path: Path) -> None:
    ref = store.publish(manifest(store, tmp_path, "first")).ref
    path = Path(store.manifest_uri(KEY).removeprefix("file://"))
    path.unlink()
    store.publish(manifest(store, tmp_path, "second"))
    with pytest.raises(IntegrityError, match="changed under its key"):
        store.get(ref)


def test_derived_files_and_provenance_do_not_change_the_digest(
    store: Store, tmp_path: Path
) -> None:
    plain = manifest(store, tmp_path)
    path = tmp_path / "graph.pb"
    path.write_bytes(b"other every time")
    entry = store.put(path)
    derived = type(entry)(entry.sha256, entry.bytes, derived=True)
    files = {**plain.files, "graph.pb": derived}
    changed = Manifest("text", KEY, files, provenance={"host": "elsewhere"})
    assert changed.digest == plain.digest


def test_checkpoints_live_until_they_are_dropped(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "epoch"
    path.write_text("3")
    store.save_checkpoint(KEY, "epoch", path)
    assert store.load_checkpoint(KEY, "epoch", tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "3"
    store.drop_checkpoints(KEY)
    assert not store.load_checkpoint(KEY, "epoch", tmp_path / "copy")


def test_an_unknown_kind_of_store_is_refused() -> None:
    with pytest.raises(SpecError, match="cannot be opened"):
        Store("nonsense://bucket")
