"""Originals: encrypted, by pseudonyms, apart, gone after their days or when one is forgotten."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from millrace.artifacts.restricted import RestrictedStore
from millrace.artifacts.sealing.master_keys import MasterKeys, new_key
from millrace.errors import IntegrityError, SpecError

MASTER = new_key()
Opener = Callable[..., RestrictedStore]
DAY = 24 * 3600.0


@pytest.fixture(params=["file", pytest.param("s3", marks=pytest.mark.s3)])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Open the same restricted store anew."""
    uri = (tmp_path / "restricted").as_uri()
    if request.param == "s3":
        uri = f"s3://{request.getfixturevalue('s3').bucket()}/restricted"

    def make(key: str = MASTER, **options: object) -> RestrictedStore:
        keys = lambda: MasterKeys.load({"MILLRACE_MASTER_KEY": key})  # noqa: E731
        return RestrictedStore(uri, tmp_path / "scratch", keys=keys, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def kept(fresh: Opener, tmp_path: Path) -> RestrictedStore:
    """Originals of two patients, the first in two workflows."""
    path = tmp_path / "original"
    path.write_bytes(b"Jane Doe " * 100)
    made = fresh()
    for workflow, patient, name in (("w", "P-A", "S-1"), ("w", "P-B", "S-2"), ("v", "P-A", "S-3")):
        made.keep(workflow, patient, name, path)
    return made


def test_an_original_comes_back_and_nothing_of_it_is_readable_there(
    kept: RestrictedStore, fresh: Opener, tmp_path: Path
) -> None:
    fresh().fetch("w", "P-A", "S-1", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"Jane Doe " * 100
    entries = list(kept.backend.entries("originals"))
    assert len(entries) == 6
    assert not any(b"Jane" in (kept.backend.read(one.name) or b"") for one in entries)


def test_without_the_key_or_the_file_there_is_no_original(
    kept: RestrictedStore, fresh: Opener, tmp_path: Path
) -> None:
    with pytest.raises(SpecError, match="not known here"):
        fresh(new_key()).fetch("w", "P-A", "S-1", tmp_path / "back")
    with pytest.raises(IntegrityError, match="missing"):
        fresh().fetch("w", "P-A", "S-9", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_patient_is_forgotten_and_nobody_else_is(kept: RestrictedStore) -> None:
    assert kept.forget("P-A", "w") == 1
    assert kept.of_patient("P-A", "w") == []
    assert kept.forget("P-A") == 1
    assert kept.forget("P-A") == 0
    assert len(kept.of_patient("P-B")) == 2


def test_originals_go_after_their_days_with_the_documents_of_their_keys(
    kept: RestrictedStore, fresh: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kept.expired().names == ()
    assert fresh(days=0).expired().names == ()
    monkeypatch.setattr(
        "millrace.artifacts.restricted.store_time", lambda _: time.time() + 31 * DAY
    )
    assert fresh(days=0).expired().names == ()
    expired = kept.expired()
    assert (len(expired.names), expired.bytes > 2_700) == (6, True)
    kept.remove(expired)
    assert kept.of_patient("P-A") == kept.of_patient("P-B") == []


def test_a_rotated_key_does_not_keep_an_original_longer(tmp_path: Path) -> None:
    keys = lambda: MasterKeys.load({"MILLRACE_MASTER_KEY": MASTER})  # noqa: E731
    made = RestrictedStore((tmp_path / "r").as_uri(), tmp_path / "scratch", keys=keys)
    (tmp_path / "x").write_bytes(b"x")
    made.keep("w", "P-A", "S-1", tmp_path / "x")
    old = time.time() - 31 * DAY
    os.utime(tmp_path / "r" / "originals" / "w" / "P-A" / "S-1", (old, old))
    assert len(made.expired().names) == 2


def test_the_folder_is_open_to_this_user_only(tmp_path: Path) -> None:
    keys = lambda: MasterKeys.load({"MILLRACE_MASTER_KEY": MASTER})  # noqa: E731
    made = RestrictedStore((tmp_path / "r").as_uri(), tmp_path / "scratch", keys=keys)
    (tmp_path / "x").write_bytes(b"x")
    made.keep("w", "P-A", "S-1", tmp_path / "x")
    assert stat.S_IMODE((tmp_path / "r").stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", "x.key", "é", "a" * 200])
def test_a_name_that_could_lead_elsewhere_is_refused(kept: RestrictedStore, name: str) -> None:
    for place in (("w", "P-A", name), ("w", name, "S-1"), (name, "P-A", "S-1")):
        with pytest.raises(SpecError, match="not the name of an original"):
            kept.keep(*place, Path("unused"))


def test_settings_are_read_and_wrong_days_refused(tmp_path: Path) -> None:
    assert RestrictedStore.load(tmp_path, {}) is None
    uri = {"MILLRACE_RESTRICTED_STORE": (tmp_path / "r").as_uri()}
    found = RestrictedStore.load(tmp_path, {**uri, "MILLRACE_RESTRICTED_DAYS": "7.5"})
    assert found is not None
    assert found.days == 7.5
    for days in ("soon", "-1", "nan"):
        with pytest.raises(SpecError, match="number of days"):
            RestrictedStore.load(tmp_path, {**uri, "MILLRACE_RESTRICTED_DAYS": days})


@pytest.mark.s3
def test_it_has_an_access_of_its_own(tmp_path: Path) -> None:
    environment = {
        "MILLRACE_RESTRICTED_STORE": "s3://bucket/originals",
        "MILLRACE_RESTRICTED_AWS_ACCESS_KEY_ID": "other",
        "MILLRACE_RESTRICTED_AWS_SECRET_ACCESS_KEY": "hidden",
        "MILLRACE_RESTRICTED_AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }
    found = RestrictedStore.load(tmp_path, environment)
    assert found is not None
    fs = found.backend._fs  # type: ignore[attr-defined]
    assert (fs.key, fs.secret, fs.endpoint_url) == ("other", "hidden", "http://127.0.0.1:1")
