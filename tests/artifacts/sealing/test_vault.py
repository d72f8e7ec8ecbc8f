"""A vault's files and the documents of their keys, written by several and interrupted anywhere."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from millrace.artifacts.backend import LocalBackend
from millrace.artifacts.sealing import vault as module
from millrace.artifacts.sealing.master_keys import MasterKeys, new_key
from millrace.artifacts.sealing.vault import Vault
from millrace.errors import IntegrityError, SpecError, TransientError

MASTER = new_key()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    backend = LocalBackend(tmp_path / "store")
    keys = MasterKeys.load({"MILLRACE_MASTER_KEY": MASTER})
    return Vault(backend, "area", tmp_path / "scratch", lambda: keys)


def name(_: str) -> str:
    return "area/x"


def read(vault: Vault, tmp_path: Path) -> bytes:
    target = tmp_path / "target"
    vault.read("area/x", target)
    return target.read_bytes()


class Killed(BaseException):
    """What a signal would do."""


@pytest.mark.parametrize("step", ["create", "adopt"])
def test_a_writer_that_was_killed_leaves_nothing_that_stops_the_next(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(LocalBackend, step, die)
        with pytest.raises(Killed):
            vault.write(b"content", name)
    with pytest.raises(IntegrityError):
        read(vault, tmp_path)
    assert not (tmp_path / "target").exists()
    vault.write(b"content", name, lambda _: False)
    assert read(vault, tmp_path) == b"content"
    assert not list((tmp_path / "store").rglob(".part-*"))


def test_a_document_that_vanishes_while_a_file_is_written_is_noticed(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.write(b"content", name)
    adopt, times = LocalBackend.adopt, iter(range(9))

    def collected(backend: LocalBackend, path: Path, target: str) -> None:
        adopt(backend, path, target)
        if next(times) == 0:
            backend.remove(["area/x.key"])

    monkeypatch.setattr(LocalBackend, "adopt", collected)
    vault.write(b"content", name, lambda _: False)
    assert read(vault, tmp_path) == b"content"


def test_a_document_that_never_stays_is_told(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalBackend, "create", lambda *_: False)
    with pytest.raises(TransientError, match="does not stay"):
        vault.write(b"content", name, lambda _: False)


def test_a_file_that_changes_while_it_is_stored_is_refused(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"first")
    vault.write(source, name)
    seal_file = module._seal_file

    def change(path: Path, key: bytes, part: Path) -> str:
        made = seal_file(path, key, part)
        source.write_bytes(b"other")
        return made

    monkeypatch.setattr(module, "_seal_file", change)
    with pytest.raises(TransientError, match="changed while it was stored"):
        vault.write(source, name, lambda _: False)
    assert read(vault, tmp_path) == b"first"


def test_readers_beside_writers_see_a_whole_file_always(vault: Vault, tmp_path: Path) -> None:
    vault.write(b"content" * 1000, name)
    stop, failures = threading.Event(), list[BaseException]()

    def write() -> None:
        while not stop.is_set():
            vault.write(b"content" * 1000, name, lambda _: False)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for one in writers:
        one.start()
    try:
        for number in range(60):
            vault.read("area/x", tmp_path / f"target-{number}")
    except BaseException as error:  # told below, when the writers have ended
        failures.append(error)
    stop.set()
    for one in writers:
        one.join()
    assert failures == []


def test_a_box_opens_in_its_place_only_and_whole_only(vault: Vault) -> None:
    box = vault.box_bytes(b"content", "here")
    assert vault.unbox_bytes(box, "here") == b"content"
    with pytest.raises(IntegrityError):
        vault.unbox_bytes(box, "there")
    for length in range(len(box)):
        with pytest.raises(IntegrityError):
            vault.unbox_bytes(box[:length], "here")
    other = MasterKeys.load({"MILLRACE_MASTER_KEY": new_key()})
    with pytest.raises(SpecError, match="not known here"):
        Vault(LocalBackend(Path("/nowhere")), "a", Path("/nowhere"), lambda: other).unbox_bytes(
            box, "here"
        )
