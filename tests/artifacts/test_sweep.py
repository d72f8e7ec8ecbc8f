"""Listing and removing what lies in a store, on a disk and on S3."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

import pytest

from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.artifacts.sweep import digests_in, named_objects, take_inventory
from millrace.artifacts.uploads import Uploads
from millrace.errors import SpecError
from s3_server import S3Server

KEY = "ab" * 32


@pytest.fixture(params=["file", pytest.param("s3", marks=pytest.mark.s3)])
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store with an artifact that was replaced, a checkpoint, documents, a stranger's file."""
    uri = (tmp_path / "store").as_uri()
    if request.param == "s3":
        uri = f"s3://{request.getfixturevalue('s3').bucket()}/store"
    store = Store(uri, tmp_path / "cache")
    for text in ("one", "two"):
        path = tmp_path / text
        path.write_text(text)
        store.publish(Manifest("text", KEY, {"x": store.put(path)}), replace=True)
    store.save_checkpoint(KEY, "epoch", path)
    store.write_document(f"requests/{KEY}.json", b"{}")
    store.write_document(f"errors/{KEY}-7-1.json", b"{}")
    store.write_document("somebody/else.json", b"{}")
    return store


def test_every_file_is_listed_by_kind_and_key_and_a_strangers_is_not(filled: Store) -> None:
    found = take_inventory(filled.backend).items
    kinds = sorted((item.kind, item.key) for item in found)
    assert kinds == [
        ("checkpoint", KEY), ("document", KEY), ("document", KEY), ("manifest", KEY),
        ("object", ""), ("object", ""), ("replaced manifest", KEY),
    ]  # fmt: skip
    first = filled.find(KEY)
    assert first is not None
    replaced = next(item for item in found if item.kind == "replaced manifest")
    assert replaced.digest != first.manifest.digest


def test_the_stores_time_is_not_before_that_of_its_files(filled: Store) -> None:
    inventory = take_inventory(filled.backend)
    assert all(item.entry.modified <= inventory.now for item in inventory.items)
    assert list(filled.backend.entries("documents/probes")) == []


def test_each_manifest_names_its_objects_and_a_removed_one_nothing(filled: Store) -> None:
    inventory = take_inventory(filled.backend)
    manifests = inventory.of("manifest", "replaced manifest")
    objects = {item.digest for item in inventory.of("object")}
    named = named_objects(filled.backend, manifests)
    assert frozenset().union(*named.values()) & objects == objects
    filled.backend.remove([item.entry.name for item in manifests])
    assert set(named_objects(filled.backend, manifests).values()) == {frozenset()}


def test_removing_takes_what_is_named_and_bears_what_is_gone(filled: Store) -> None:
    items = take_inventory(filled.backend).items
    names = [item.entry.name for item in items]
    filled.backend.remove(names[:2])
    filled.backend.remove([names[2]])
    filled.backend.remove([names[2]])
    left = [item.entry.name for item in take_inventory(filled.backend).items]
    assert left == names[3:]
    assert filled.read_document("somebody/else.json") == b"{}"


def test_a_damaged_manifest_still_names_what_can_be_read() -> None:
    both = {"ab" * 32, "sealed/" + "ab" * 32}  # it does not tell which it was
    assert digests_in(b'{"files": {"x": {"sha256": "' + b"ab" * 32 + b'", "by') == both
    assert digests_in(b"\x00\xff") == digests_in(None) == frozenset()


def test_abandoned_temporary_files_are_listed_with_their_age(tmp_path: Path) -> None:
    store = Store((tmp_path / "store").as_uri())
    part = tmp_path / "store" / "manifests" / "ab" / ".part-x"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"123")
    os.utime(part, (1_000_000.0, 1_000_000.0))
    (item,) = take_inventory(store.backend).items
    assert (item.kind, item.entry.bytes, item.entry.modified) == ("part", 3, 1_000_000.0)


def test_a_folder_that_cannot_be_listed_is_an_error_and_not_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store((tmp_path / "store").as_uri())
    store.publish(Manifest("text", KEY, {}))
    listed = os.scandir

    def refusing(folder: str) -> Any:
        if Path(folder).parent.name == "manifests":
            raise PermissionError(errno.EACCES, "Permission denied", folder)
        return listed(folder)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(SpecError, match="refuses access"):
        take_inventory(store.backend)


def test_manifests_on_another_disk_are_seen(tmp_path: Path) -> None:
    store = Store((tmp_path / "store").as_uri())
    store.publish(Manifest("text", "ab" * 32, {}))
    (tmp_path / "store" / "manifests" / "ab").rename(tmp_path / "elsewhere")
    (tmp_path / "store" / "manifests" / "ab").symlink_to(tmp_path / "elsewhere")
    assert [item.key for item in take_inventory(store.backend).of("manifest")] == ["ab" * 32]


def test_an_empty_store_has_nothing(tmp_path: Path) -> None:
    assert take_inventory(Store((tmp_path / "none").as_uri()).backend).items == ()
    assert Uploads((tmp_path / "none").as_uri()).listed() == []


@pytest.mark.s3
def test_uploads_that_never_ended_are_found_below_the_root_and_ended(s3: S3Server) -> None:
    bucket, client = s3.bucket(), s3.client()
    for name in ("store/objects/ab/cd", "stores/other"):
        client.create_multipart_upload(Bucket=bucket, Key=name)
    uploads = Uploads(f"s3://{bucket}/store")
    (found,) = uploads.listed()
    assert found.name == "store/objects/ab/cd"
    assert found.began < time.time() + 60
    uploads.end([found, found])
    assert uploads.listed() == []
    assert len(client.list_multipart_uploads(Bucket=bucket)["Uploads"]) == 1
