"""Jobs of an encrypted workflow leave nothing readable in the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from millrace.artifacts.sealing.master_keys import new_key
from millrace.artifacts.store import Store
from millrace.artifacts.sweep import take_inventory
from millrace.errors import DataError, SpecError
from millrace.jobs.execute import Executor, Job
from millrace.jobs.outcome import read_failure, write_failure
from millrace.jobs.request import JobRequest

Make = Callable[..., Executor]
SECRET = "Jane Doe, born 1970"


@pytest.fixture
def make(stage: Path, executor_in: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Executors of an encrypted workflow, or of one that is not, each with a cache of its own."""
    count = iter(range(100))
    monkeypatch.setenv("MILLRACE_MASTER_KEY", new_key())

    def make(*, seals: bool = True) -> Executor:
        executor = executor_in()
        store = Store(executor.store.uri, tmp_path / f"cache-{next(count)}", seals=seals)
        return replace(executor, store=store)

    return make


def job(tmp_path: Path) -> Job:
    return Job("sample", {"value": SECRET}, locations={"log": str(tmp_path / "log")})


def objects(executor: Executor) -> list[bytes]:
    found = take_inventory(executor.store.backend).of("object")
    return [executor.store.backend.read(item.entry.name) or b"" for item in found]


def test_what_a_job_makes_is_encrypted_and_is_read_by_the_next(make: Make, tmp_path: Path) -> None:
    executor = make()
    made = executor.execute(job(tmp_path))
    assert made.manifest.sealed
    assert not any(SECRET.encode() in data for data in objects(executor))
    assert make().execute(job(tmp_path)).path("out.txt").read_text() == SECRET
    assert len((tmp_path / "log").read_text()) == 1


def test_a_result_from_before_encryption_is_used_and_encrypted(make: Make, tmp_path: Path) -> None:
    plain = make(seals=False).execute(job(tmp_path))
    sealed = make().execute(job(tmp_path))
    assert (plain.manifest.sealed, sealed.manifest.sealed) == (False, True)
    assert sealed.ref == plain.ref
    assert len((tmp_path / "log").read_text()) == 1
    again = make(seals=False).execute(job(tmp_path))
    assert again.path("out.txt").read_text() == SECRET


def test_a_sealed_object_that_lost_its_key_document_is_made_again(
    make: Make, tmp_path: Path
) -> None:
    executor = make()
    executor.execute(job(tmp_path))
    keys = take_inventory(executor.store.backend).of("data key")
    executor.store.backend.remove([item.entry.name for item in keys])
    assert make().execute(job(tmp_path)).path("out.txt").read_text() == SECRET
    assert len((tmp_path / "log").read_text()) == 2


def test_the_wrong_master_key_is_told(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make().execute(job(tmp_path))
    monkeypatch.setenv("MILLRACE_MASTER_KEY", new_key())
    with pytest.raises(SpecError, match="not known here"):
        make().execute(job(tmp_path)).path("out.txt")


def test_the_error_of_a_job_elsewhere_is_encrypted(make: Make) -> None:
    executor = make()
    request = JobRequest("sample", "ab" * 32, {}, {}, {}, sealed=True)
    assert JobRequest.from_bytes(request.to_bytes(), "") == request
    write_failure(executor.store, request, DataError("a value is wrong", received=SECRET))
    raw = executor.store.backend.read(f"documents/{request.error_name}")
    assert raw is not None
    assert SECRET.encode() not in raw
    assert SECRET in str(read_failure(executor.store, request))
