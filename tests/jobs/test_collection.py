"""What garbage collection takes, what it spares, and that no job beside it loses anything."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

import s3_server
from millrace.artifacts.artifact import Artifact
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.catalog.database import Database
from millrace.catalog.live import LiveReferences
from millrace.errors import SpecError, TransientError
from millrace.jobs.collection import Collector, collecting
from millrace.jobs.execute import Executor, Job
from millrace.jobs.retention import Retention

NOTHING = Retention(runs=0, days=0, versions=0, grace=0)
Make = Callable[..., Executor]


def job(tmp_path: Path, value: object, *inputs: Artifact, **more: Any) -> Job:
    refs = {"text": [artifact.ref for artifact in inputs]} if inputs else {}
    return Job("sample", {"value": value, **more}, refs, {"log": str(tmp_path / "log")})


def collector(executor: Executor, retention: Retention = NOTHING, **more: bool) -> Collector:
    return Collector(executor.store, executor.catalog, retention, **more)


def collect(executor: Executor, retention: Retention = NOTHING, **more: bool) -> int:
    made = collector(executor, retention, **more)
    return made.sweep(made.plan())


def files(executor: Executor) -> list[str]:
    root = executor.store.local_root
    assert root is not None
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def finished(make: Make, tmp_path: Path, value: object) -> tuple[Executor, Artifact]:
    executor = make()
    artifact = executor.execute(job(tmp_path, value))
    executor.catalog.runs.finish(executor.run, "done")
    return executor, artifact


@pytest.mark.usefixtures("stage")
def test_what_nothing_reaches_goes_to_the_last_file(executor_in: Make, tmp_path: Path) -> None:
    executor, artifact = finished(executor_in, tmp_path, 1)
    executor.store.write_document(f"requests/{artifact.ref.key}.json", b"{}")
    executor.store.save_checkpoint(artifact.ref.key, "epoch", tmp_path / "log")
    root = executor.store.local_root
    assert root is not None
    (root / "objects" / ".part-killed").write_bytes(b"x")
    before = collector(executor).plan()
    assert {item.kind for item in before.garbage} == {
        "manifest", "object", "checkpoint", "document", "part",
    }  # fmt: skip
    assert collect(executor) == before.bytes > 0
    assert files(executor) == []


@pytest.mark.usefixtures("stage")
def test_a_store_that_lost_its_manifests_loses_no_object(executor_in: Make, tmp_path: Path) -> None:
    executor, _ = finished(executor_in, tmp_path, 1)
    executor.catalog.runs.keep(executor.run, "needed")
    root = executor.store.local_root
    assert root is not None
    (root / "manifests").rename(tmp_path / "elsewhere")
    left = files(executor)
    with pytest.raises(SpecError, match="lost its manifests"):
        collect(executor)
    assert files(executor) == left


@pytest.mark.usefixtures("stage")
def test_a_plan_changes_nothing(executor_in: Make, tmp_path: Path) -> None:
    executor, _ = finished(executor_in, tmp_path, 1)
    before = files(executor)
    plan = collector(executor).plan()
    assert plan.garbage
    assert files(executor) == before


@pytest.mark.usefixtures("stage")
def test_a_running_a_kept_and_a_recent_run_keep_what_they_reach(
    executor_in: Make, tmp_path: Path
) -> None:
    running = executor_in()
    running.execute(job(tmp_path, "running"))
    kept, _ = finished(executor_in, tmp_path, "kept")
    kept.catalog.runs.keep(kept.run, "the paper of May")
    old, gone = finished(executor_in, tmp_path, "old")
    recent, _ = finished(executor_in, tmp_path, "recent")
    collect(recent, Retention(runs=1, days=0, versions=0, grace=0))
    assert old.store.find(gone.ref.key) is None
    assert len(list(recent.store.keys())) == 3
    reasons = [run.reason for run in collector(recent).plan().live.runs]
    assert reasons == ["kept", "running"]


@pytest.mark.usefixtures("stage")
def test_the_inputs_of_what_is_kept_are_kept_though_an_old_run_made_them(
    executor_in: Make, tmp_path: Path
) -> None:
    first, source = finished(executor_in, tmp_path, "source")
    second = executor_in()
    between = second.execute(job(tmp_path, "between", source))
    second.catalog.runs.finish(second.run, "done")
    third = executor_in()
    third.execute(job(tmp_path, "result", between))
    collect(first)
    for needed in (source, between):
        assert third.store.get(needed.ref).path("out.txt").is_file()


@pytest.mark.usefixtures("stage")
def test_nothing_younger_than_the_grace_goes(executor_in: Make, tmp_path: Path) -> None:
    executor, artifact = finished(executor_in, tmp_path, 1)
    retention = Retention(runs=0, days=0, versions=0, grace=1)
    plan = collector(executor, retention).plan()
    assert plan.garbage == ()  # the run ended within the grace
    root = executor.store.local_root
    assert root is not None
    (root / "objects" / ".part-young").write_bytes(b"12345")
    assert collector(executor, retention).plan().young == 5
    assert executor.store.find(artifact.ref.key) is not None


@pytest.mark.usefixtures("stage")
def test_the_age_is_measured_by_the_stores_clock(executor_in: Make, tmp_path: Path) -> None:
    executor, _ = finished(executor_in, tmp_path, 1)
    root = executor.store.local_root
    assert root is not None
    part = root / "objects" / ".part-old"
    part.write_bytes(b"12345")
    hours = 3
    os.utime(part, (time.time() - hours * 3600 - 60,) * 2)
    retention = Retention(grace=hours)
    assert [i.entry.name for i in collector(executor, retention).plan().garbage] == [
        "objects/.part-old"
    ]
    assert collector(executor, Retention(grace=hours + 1)).plan().garbage == ()


@pytest.mark.usefixtures("stage")
def test_a_replaced_artifact_stays_as_long_as_its_run(executor_in: Make, tmp_path: Path) -> None:
    earlier = executor_in()
    first = earlier.execute(job(tmp_path, 1))
    path = tmp_path / "other.txt"
    path.write_text("other bytes")
    entry = earlier.store.put(path)
    changed = dataclasses.replace(first.manifest, files={"out.txt": entry})
    earlier.store.publish(changed, replace=True)
    collect(earlier)
    assert earlier.store.get(first.ref).path("out.txt").read_text() == "1"
    earlier.catalog.runs.finish(earlier.run, "done")
    collect(earlier)
    assert files(earlier) == []


@pytest.mark.usefixtures("stage")
def test_what_another_catalog_made_stays_unless_asked_for(
    executor_in: Make, tmp_path: Path
) -> None:
    executor, artifact = finished(executor_in, tmp_path, 1)
    other = Catalog(f"sqlite:///{tmp_path / 'other.db'}")
    other.migrate()
    stranger = Collector(executor.store, other, NOTHING)
    assert stranger.plan().unknown == 1
    stranger.sweep(stranger.plan())
    assert artifact.path("out.txt").read_text() == "1"
    everything = Collector(executor.store, other, NOTHING, unknown=True)
    everything.sweep(everything.plan())
    assert files(executor) == []


@pytest.mark.usefixtures("stage")
def test_a_run_that_begins_after_the_plan_loses_nothing(executor_in: Make, tmp_path: Path) -> None:
    executor, _ = finished(executor_in, tmp_path, 1)
    late = collector(executor)
    plan = late.plan()
    again = executor_in()
    found = again.execute(job(tmp_path, 1))
    assert late.sweep(plan) == 0
    assert again.store.get(found.ref).path("out.txt").read_text() == "1"


@pytest.mark.usefixtures("stage")
def test_a_damaged_manifest_still_protects_what_it_names(executor_in: Make, tmp_path: Path) -> None:
    executor = executor_in()
    artifact = executor.execute(job(tmp_path, 1))
    root = executor.store.local_root
    assert root is not None
    manifest = next(root.glob("manifests/*/*.json"))
    manifest.write_bytes(manifest.read_bytes()[:-40])
    collect(executor)
    assert artifact.path("out.txt").read_text() == "1"


@pytest.mark.usefixtures("stage")
def test_only_one_collects_at_a_time(executor_in: Make, tmp_path: Path) -> None:
    catalog = executor_in().catalog
    with (
        collecting(tmp_path / "home", catalog),
        pytest.raises(TransientError, match="another"),
        collecting(tmp_path / "home", catalog),
    ):
        pass
    with collecting(tmp_path / "home", catalog):
        pass


@pytest.mark.usefixtures("stage")
def test_an_object_that_goes_before_its_manifest_comes_is_made_again(
    executor_in: Make, tmp_path: Path
) -> None:
    class Collected(Store):
        passes = 0

        def publish(self, manifest: Manifest, *, replace: bool = False) -> Artifact:
            if not self.passes:
                assert collect(executor) > 0
            self.passes += 1
            return super().publish(manifest, replace=replace)

    executor = executor_in()
    store = Collected(executor.store.uri)
    made = dataclasses.replace(executor, store=store).execute(job(tmp_path, 1))
    assert store.passes == 2
    assert executor.store.get(made.ref).path("out.txt").read_text() == "1"


@pytest.mark.usefixtures("stage")
def test_an_object_that_a_new_manifest_names_since_the_listing_stays(
    executor_in: Make, tmp_path: Path
) -> None:
    class Meanwhile(LiveReferences):
        passes = 0

        def still(self) -> AbstractContextManager[None]:
            self.passes += 1
            if self.passes == 3:  # the manifests are gone and listed, the objects are about to go
                found.append(late.execute(job(tmp_path, 1, salt=2)))
            return super().still()

    old, _ = finished(executor_in, tmp_path, 1)
    late = executor_in()
    found: list[Artifact] = []
    catalog = Catalog(f"sqlite:///{tmp_path / 'catalog.db'}")
    catalog.live = Meanwhile(Database(f"sqlite:///{tmp_path / 'catalog.db'}"))
    made = Collector(old.store, catalog, NOTHING)
    made.sweep(made.plan())
    assert found[0].path("out.txt").read_text() == "1"
    assert (tmp_path / "log").read_text() == "xx"


@pytest.fixture
def sweeping(executor_in: Make) -> Iterator[list[int]]:
    """Collect again and again beside the test, sparing nothing; yield what each pass freed."""
    executor = executor_in()
    executor.catalog.runs.finish(executor.run, "done")
    freed: list[int] = []
    over = threading.Event()

    def loop() -> None:
        while not over.is_set():
            freed.append(collect(executor))

    thread = threading.Thread(target=loop)
    thread.start()
    yield freed
    over.set()
    thread.join()


@pytest.mark.usefixtures("stage")
def test_jobs_that_hit_make_and_remake_lose_nothing_while_garbage_is_collected(
    executor_in: Make, tmp_path: Path, sweeping: list[int]
) -> None:
    lock, began = threading.Lock(), time.monotonic()

    def freed() -> int:
        return sum(1 for count in sweeping if count)

    def enough(rounds: int) -> bool:
        seconds = time.monotonic() - began
        return (seconds > 4 and rounds > 3 and freed() > 3) or seconds > 60

    def work(worker: int) -> int:
        rounds = 0
        while not enough(rounds):
            with lock:
                executor = executor_in()
            value = rounds % 3  # the others want the same; equal bytes under several keys
            first = executor.execute(job(tmp_path, value, salt=worker % 2))
            second = executor.execute(job(tmp_path, value, first))
            for made in (first, second):
                again = executor.store.get(made.ref)
                assert again.path("out.txt").read_text() == str(value)
            executor.catalog.runs.finish(executor.run, "done")
            rounds += 1
        return rounds

    with ThreadPoolExecutor(4) as pool:
        assert min(pool.map(work, range(4))) > 3
    assert freed() > 3


@pytest.fixture
def s3() -> Iterator[s3_server.S3Server]:
    server = s3_server.S3Server()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment().items():
            patch.setenv(name, value)
        yield server
    server.close()


@pytest.mark.s3
@pytest.mark.usefixtures("stage")
def test_on_s3_jobs_lose_nothing_and_in_the_end_nothing_is_left(
    executor_in: Make, tmp_path: Path, s3: s3_server.S3Server
) -> None:
    bucket = s3.bucket()

    def on_s3() -> Executor:
        store = Store(f"s3://{bucket}/deep/store", tmp_path / "cache")
        return dataclasses.replace(executor_in(), store=store)

    def work(worker: int) -> None:
        for number in range(3):
            with lock:
                executor = on_s3()
            made = executor.execute(job(tmp_path, number, salt=worker))
            assert executor.store.complete(executor.store.get(made.ref))
            executor.catalog.runs.finish(executor.run, "done")

    lock = threading.Lock()
    collector = on_s3()
    collector.catalog.runs.finish(collector.run, "done")
    with ThreadPoolExecutor(2) as pool:
        working = [pool.submit(work, worker) for worker in range(2)]
        while not all(future.done() for future in working):
            collect(collector)
        for future in working:
            future.result()
    collect(collector)
    assert s3.keys(bucket) == []


@pytest.mark.s3
@pytest.mark.usefixtures("stage")
def test_a_store_that_removes_nothing_is_told(
    executor_in: Make, tmp_path: Path, s3: s3_server.S3Server
) -> None:
    store = Store(f"s3://{s3.bucket()}/store", tmp_path / "cache")
    executor = dataclasses.replace(executor_in(), store=store)
    executor.execute(job(tmp_path, 1))
    executor.catalog.runs.finish(executor.run, "done")
    made = collector(executor)
    plan = made.plan()
    with (
        s3.failing(ignore, "POST", "delete"),
        pytest.raises(SpecError, match="removes nothing"),
    ):
        made.sweep(plan)


def ignore(environ: Any, _: object) -> list[bytes]:
    """Answer that all went well, as S3 does where single files may not be deleted."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["start"]("200 OK", [("Content-Type", "application/xml")])
    return [b"<?xml version='1.0'?><DeleteResult></DeleteResult>"]


KILLED = """
import os, signal, sys
from millrace.artifacts.backend import LocalBackend
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.jobs.collection import Collector
from millrace.jobs.retention import Retention

root, url, after = sys.argv[1], sys.argv[2], int(sys.argv[3])
left = [after]
remove = LocalBackend.remove

def dying(self, names):
    for name in names:
        if left[0] == 0 and "probes" not in name:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= "probes" not in name
        remove(self, [name])

LocalBackend.remove = dying
collector = Collector(Store(root), Catalog(url), Retention(0, 0, 0, 0))
collector.sweep(collector.plan())
"""


@pytest.mark.usefixtures("stage")
def test_a_collection_killed_after_any_file_leaves_a_store_in_which_all_that_is_named_is_there(
    executor_in: Make, tmp_path: Path
) -> None:
    alive = executor_in()
    spared = alive.execute(job(tmp_path, "alive"))
    for number in range(3):
        finished(executor_in, tmp_path, number)
    for _ in range(3):
        call = [sys.executable, "-c", KILLED, alive.store.uri]
        code = subprocess.run(
            [*call, f"sqlite:///{tmp_path / 'catalog.db'}", "1"], check=False
        ).returncode
        assert code == -signal.SIGKILL
        for artifact in map(alive.store.find, alive.store.keys()):
            assert artifact is not None
            assert alive.store.complete(artifact)
    collect(alive)
    assert spared.path("out.txt").read_text() == "alive"
    assert {name.partition("/")[0] for name in files(alive)} == {
        "documents",
        "manifests",
        "objects",
    }
    assert len(files(alive)) == 3
