"""A disk that is full or read-only, or a wrong clock, under a store, its cache, a catalog."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.cli import main
from millrace.errors import SpecError, TransientError
from s3_server import S3Server
from small_disk import SmallDisk, small_disk

KEY = "ef" * 32


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 4) as mounted:
        yield mounted


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(os.urandom(1 << 20))
    return tmp_path / "file"


def publish(store: Store, file: Path) -> bytes:
    return store.publish(Manifest("text", KEY, {"file": store.put(file)})).path("file").read_bytes()


@pytest.mark.parametrize("room", [0, 8 << 10, 512 << 10])
def test_a_full_store_keeps_nothing_of_what_did_not_fit(
    disk: SmallDisk, file: Path, room: int
) -> None:
    store = Store((disk.path / "store").as_uri())
    disk.fill(leave=room)
    with pytest.raises(TransientError, match="the disk is full") as caught:
        publish(store, file)
    assert str(disk.path / "store") in str(caught.value)
    assert [path for path in (disk.path / "store").rglob("*") if path.is_file()] == []
    disk.empty()
    assert publish(store, file) == file.read_bytes()


def test_a_manifest_that_does_not_fit_is_not_visible(disk: SmallDisk, file: Path) -> None:
    store = Store((disk.path / "store").as_uri())
    manifest = Manifest("text", KEY, {"file": store.put(file)})
    disk.fill()
    for write in (
        lambda: store.publish(manifest),
        lambda: store.write_document("progress/x.json", b"{}"),
        lambda: store.save_checkpoint(KEY, "epoch", file),
        store.check,
    ):
        with pytest.raises(TransientError, match="the disk is full"):
            write()
    assert store.find(KEY) is None
    disk.empty()
    assert store.publish(manifest).path("file").read_bytes() == file.read_bytes()


@pytest.mark.s3
def test_a_full_cache_is_named_and_filled_later(s3: S3Server, disk: SmallDisk, file: Path) -> None:
    store = Store(f"s3://{s3.bucket()}/store", disk.path / "cache")
    entry = store.put(file)
    disk.fill(leave=64 << 10)
    s3.requests.clear()
    with pytest.raises(TransientError, match="the disk is full") as caught:
        store.local(entry)
    assert str(disk.path / "cache") in str(caught.value)
    assert len(s3.requests) == 1
    assert [path for path in (disk.path / "cache").rglob("*") if path.is_file()] == []
    disk.empty()
    assert store.local(entry).read_bytes() == file.read_bytes()


def test_a_read_only_store_is_refused_at_once_and_still_read(disk: SmallDisk, file: Path) -> None:
    store = Store((disk.path / "store").as_uri())
    publish(store, file)
    disk.remount("ro")
    with pytest.raises(SpecError, match="mounted read-only") as caught:
        store.check()
    assert str(disk.path / "store") in str(caught.value)
    found = store.find(KEY)
    assert found is not None
    assert found.path("file").read_bytes() == file.read_bytes()


def test_a_run_on_a_read_only_store_does_not_begin(
    disk: SmallDisk, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MILLRACE_STORE", (disk.path / "store").as_uri())
    disk.remount("ro")
    assert main(["run", "digits", "--local"]) == 64
    assert str(disk.path / "store") in capsys.readouterr().err
    assert not (home / "catalog.db").exists()


def test_a_catalog_on_a_full_disk_is_worth_a_retry_and_loses_nothing(disk: SmallDisk) -> None:
    with Catalog(f"sqlite:///{disk.path / 'catalog.db'}") as catalog:
        catalog.migrate()
        catalog.runs.start("one", "digits", "digits", {}, "", {}, "manual", "0")
        disk.fill()

        def write_until_the_log_is_full() -> None:
            for number in range(1_000):
                catalog.runs.start(f"r{number}", "digits", "digits", {}, "", {}, "manual", "0")

        with pytest.raises(TransientError, match="full"):
            write_until_the_log_is_full()
        disk.empty()
        catalog.runs.start("two", "digits", "digits", {}, "", {}, "manual", "0")
        assert {"one", "two"} <= {run.run_id for run in catalog.runs.latest(limit=2_000)}


def test_files_from_the_future_are_as_good_as_others(store: Store, file: Path) -> None:
    publish(store, file)
    assert store.local_root is not None
    future = time.time() + 10 * 365 * 86_400
    for path in store.local_root.rglob("*"):
        os.utime(path, (future, future))
    again = Store(store.uri)
    assert publish(again, file) == file.read_bytes()
    assert list(again.keys()) == [KEY]
