"""A store that seals: nothing readable in it, nothing but the whole and true content out of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from millrace.artifacts.manifest import FileEntry, Manifest
from millrace.artifacts.sealing.master_keys import MasterKeys, new_key
from millrace.artifacts.store import Store
from millrace.artifacts.sweep import named_objects, take_inventory
from millrace.errors import IntegrityError, SpecError

KEY = "ab" * 32
TEXT = b"Jane Doe, born 1970-01-01. " * 100
MASTER, OTHER = new_key(), new_key()
Opener = Callable[..., Store]


def keys(*texts: str) -> Callable[[], MasterKeys]:
    return lambda: MasterKeys.load({"MILLRACE_MASTER_KEY": ",".join(texts)})


@pytest.fixture(params=["file", pytest.param("s3", marks=pytest.mark.s3)])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Open the same store anew, each time with a cache of its own unless one is named."""
    uri = (tmp_path / "store").as_uri()
    if request.param == "s3":
        uri = f"s3://{request.getfixturevalue('s3').bucket()}/store"
    count = iter(range(100))

    def make(*texts: str, seals: bool = True, cache: Path | None = None) -> Store:
        folder = cache or tmp_path / f"cache-{next(count)}"
        return Store(uri, folder, seals=seals, keys=keys(*(texts or (MASTER,))))

    return make


def put(store: Store, tmp_path: Path, data: bytes = TEXT, **how: bool) -> FileEntry:
    path = tmp_path / "source"
    path.write_bytes(data)
    return store.put(path, **how)


def name_of(entry: FileEntry) -> str:
    return f"sealed/{entry.sha256[:2]}/{entry.sha256}"


def contents(store: Store) -> dict[str, bytes]:
    names = [item.entry.name for item in take_inventory(store.backend).items]
    return {name: store.backend.read(name) or b"" for name in names}


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_content_goes_in_unreadable_and_comes_out_as_it_was(fresh: Opener, tmp_path: Path) -> None:
    entry = put(fresh(), tmp_path)
    assert (entry.sealed, entry.bytes) == (True, len(TEXT))
    assert not any(b"Jane" in data for data in contents(fresh()).values())
    assert fresh(seals=False).local(entry).read_bytes() == TEXT
    assert fresh().complete_entries([entry])


def test_decrypted_copies_lie_in_a_folder_of_this_user_only(fresh: Opener, tmp_path: Path) -> None:
    cache = tmp_path / "mine"
    (cache / "sealed").mkdir(parents=True, mode=0o777)
    path = fresh(cache=cache).local(put(fresh(), tmp_path))
    assert path.is_relative_to(cache / "sealed")
    assert stat.S_IMODE((cache / "sealed").stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o400


def test_a_damaged_copy_in_the_cache_is_decrypted_again(fresh: Opener, tmp_path: Path) -> None:
    store = fresh()
    path = store.local(put(store, tmp_path))
    path.chmod(0o600)
    path.write_bytes(b"damaged")
    assert store.local(put(store, tmp_path)).read_bytes() == TEXT


@pytest.mark.parametrize("texts", [(OTHER,), (" ",)])
def test_without_the_master_key_nothing_comes_out(
    fresh: Opener, tmp_path: Path, texts: tuple[str, ...]
) -> None:
    entry = put(fresh(), tmp_path)
    cache = tmp_path / "theirs"
    with pytest.raises(SpecError, match="master key that opens this is not known"):
        fresh(*texts, cache=cache).local(entry)
    assert files_below(cache) == []


def test_without_any_master_key_nothing_goes_in(fresh: Opener, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="there is no master key"):
        put(fresh(" "), tmp_path)
    with pytest.raises(SpecError, match="there is no master key"):
        fresh(" ").check()
    assert not any(name.startswith("sealed") for name in contents(fresh()))


def damage(store: Store, name: str, how: Callable[[bytes], bytes]) -> None:
    data = store.backend.read(name)
    assert data is not None
    if store.local_root is not None:
        (store.local_root / name).chmod(0o600)
    store.backend.write(name, how(data))


@pytest.mark.parametrize("end", ["", ".key"])
@pytest.mark.parametrize(
    "how",
    [
        pytest.param(lambda data: data[: len(data) // 2], id="truncated"),
        pytest.param(lambda data: data[:30] + b"\x00\x01" + data[32:], id="changed"),
        pytest.param(lambda data: b"", id="empty"),
    ],
)
def test_damage_is_told_leaves_no_file_and_is_repaired_by_putting_again(
    fresh: Opener, tmp_path: Path, end: str, how: Callable[[bytes], bytes]
) -> None:
    entry = put(fresh(), tmp_path)
    damage(fresh(), name_of(entry) + end, how)
    cache = tmp_path / "theirs"
    with pytest.raises(IntegrityError):
        fresh(cache=cache).local(entry)
    assert files_below(cache) == []
    put(fresh(), tmp_path, again=True)
    assert fresh().local(entry).read_bytes() == TEXT


def test_a_missing_document_makes_an_object_incomplete_and_is_made_again(
    fresh: Opener, tmp_path: Path
) -> None:
    entry = put(fresh(), tmp_path)
    fresh().backend.remove([name_of(entry) + ".key"])
    assert not fresh().complete_entries([entry])
    with pytest.raises(IntegrityError, match="data key is missing"):
        fresh().local(entry)
    put(fresh(), tmp_path)
    assert fresh().local(entry).read_bytes() == TEXT


@pytest.mark.parametrize("end", ["", ".key"])
def test_objects_or_documents_that_changed_places_are_refused(
    fresh: Opener, tmp_path: Path, end: str
) -> None:
    store = fresh()
    one, other = put(store, tmp_path, b"a" * 100), put(store, tmp_path, b"b" * 100)
    swapped = store.backend.read(name_of(other) + end)
    damage(store, name_of(one) + end, lambda data: swapped or b"")
    with pytest.raises(IntegrityError):
        fresh().local(one)


def test_both_moved_together_are_refused_too(fresh: Opener, tmp_path: Path) -> None:
    store = fresh()
    one, other = put(store, tmp_path, b"a" * 100), put(store, tmp_path, b"b" * 100)
    for end in ("", ".key"):
        data = store.backend.read(name_of(other) + end) or b""
        damage(store, name_of(one) + end, lambda _, data=data: data)
    with pytest.raises(IntegrityError, match="something else"):
        fresh().local(one)


def test_equal_contents_put_at_once_by_many_are_one_object_that_opens(
    fresh: Opener, tmp_path: Path
) -> None:
    path = tmp_path / "source"
    path.write_bytes(TEXT)
    stores = [fresh() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        entries = set(pool.map(lambda store: store.put(path), stores))
    assert len(entries) == 1
    assert fresh().local(entries.pop()).read_bytes() == TEXT


def test_an_object_that_is_there_is_not_written_again(fresh: Opener, tmp_path: Path) -> None:
    entry = put(fresh(), tmp_path)
    before = fresh().backend.read(name_of(entry))
    put(fresh(), tmp_path)
    assert fresh().backend.read(name_of(entry)) == before


def test_a_lost_master_key_is_overcome_by_making_the_objects_again(
    fresh: Opener, tmp_path: Path
) -> None:
    entry = put(fresh(), tmp_path)
    with pytest.raises(SpecError, match="not known here"):
        put(fresh(OTHER), tmp_path)
    put(fresh(OTHER), tmp_path, again=True)
    assert fresh(OTHER).local(entry).read_bytes() == TEXT


def test_sealed_and_plain_objects_of_one_content_are_apart(fresh: Opener, tmp_path: Path) -> None:
    sealed, plain = put(fresh(), tmp_path), put(fresh(seals=False), tmp_path)
    assert (sealed.sha256, sealed.sealed, plain.sealed) == (plain.sha256, True, False)
    fresh().backend.remove([name_of(sealed), name_of(sealed) + ".key"])
    assert fresh().local(plain).read_bytes() == TEXT


def published(store: Store, tmp_path: Path) -> Manifest:
    made = Manifest("text", KEY, {"x": put(store, tmp_path)}, facts={"about": "cd" * 32})
    return store.publish(made).manifest


def test_sealing_changes_no_digest_and_shows_in_the_manifest(fresh: Opener, tmp_path: Path) -> None:
    plain = Manifest("text", KEY, {"x": put(fresh(seals=False), tmp_path)})
    sealed = Manifest("text", KEY, {"x": put(fresh(), tmp_path)})
    assert plain.digest == sealed.digest
    assert b"sealed" not in plain.to_bytes()
    assert Manifest.from_bytes(sealed.to_bytes(), "") == sealed


def test_an_artifact_from_before_encryption_is_sealed_when_it_is_used(
    fresh: Opener, tmp_path: Path
) -> None:
    plain = published(fresh(seals=False), tmp_path)
    store = fresh()
    found = store.find(KEY)
    assert found is not None
    sealed = store.as_stored_here(found)
    assert sealed.manifest.sealed
    assert sealed.manifest.digest == plain.digest
    assert fresh().find(KEY).path("x").read_bytes() == TEXT  # type: ignore[union-attr]
    listed = take_inventory(store.backend)
    named = set().union(*named_objects(store.backend, listed.of("manifest")).values())
    loose = [item for item in listed.of("object", "data key") if item.digest not in named]
    assert [item.entry.name.split("/")[0] for item in loose] == ["objects"]


def test_the_inventory_knows_sealed_objects_and_their_keys(fresh: Opener, tmp_path: Path) -> None:
    published(fresh(), tmp_path)
    listed = take_inventory(fresh().backend)
    assert sorted(item.kind for item in listed.items) == ["data key", "manifest", "object"]
    (names,) = named_objects(fresh().backend, listed.of("manifest")).values()
    assert {item.digest for item in listed.of("object", "data key")} <= names


def test_a_checkpoint_is_sealed_and_a_damaged_one_counts_as_none(
    fresh: Opener, tmp_path: Path
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(TEXT)
    fresh().save_checkpoint(KEY, "epoch", source)
    assert not any(b"Jane" in data for data in contents(fresh()).values())
    assert fresh().load_checkpoint(KEY, "epoch", target)
    assert target.read_bytes() == TEXT
    target.unlink()
    damage(fresh(), f"checkpoints/{KEY}/epoch.sealed", lambda data: data[:-1])
    assert not fresh().load_checkpoint(KEY, "epoch", target)
    assert not target.exists()


def test_a_plain_checkpoint_is_not_taken_for_a_sealed_one(fresh: Opener, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(TEXT)
    fresh(seals=False).save_checkpoint(KEY, "epoch", source)
    assert not fresh().load_checkpoint(KEY, "epoch", tmp_path / "target")


def test_private_documents_are_sealed_and_others_are_not(fresh: Opener) -> None:
    fresh().write_document("errors/a.json", TEXT, private=True)
    fresh().write_document("requests/a.json", b"open")
    assert b"Jane" not in (fresh().backend.read("documents/errors/a.json") or b"")
    assert fresh(seals=False).read_document("errors/a.json") == TEXT
    assert fresh().read_document("requests/a.json") == b"open"
    with pytest.raises(SpecError, match="not known here"):
        fresh(OTHER).read_document("errors/a.json")


def test_a_folder_of_somebody_else_is_not_used_for_decrypted_files(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    folder = tmp_path / "cache" / "sealed"
    folder.mkdir(parents=True)
    os.chown(folder, 12345, 12345)
    store = Store((tmp_path / "store").as_uri(), tmp_path / "cache", seals=True, keys=keys(MASTER))
    with pytest.raises(SpecError, match="somebody else"):
        store.local(put(store, tmp_path))
