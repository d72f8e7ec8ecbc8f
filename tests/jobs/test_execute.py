"""Key, cache, force, single flight and the record around a stage."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from millrace.artifacts.artifact import Artifact
from millrace.errors import IntegrityError, MillraceError
from millrace.jobs.execute import Executor, Job

Make = Callable[..., Executor]


def job(tmp_path: Path, value: int = 1, **params: Any) -> Job:
    return Job("sample", {"value": value, **params}, locations={"log": str(tmp_path / "log")})


def executions(tmp_path: Path) -> int:
    log = tmp_path / "log"
    return len(log.read_text()) if log.exists() else 0


def last(executor: Executor) -> Any:
    return executor.catalog.executions.of_run(executor.run)[-1]


@pytest.fixture
def first(stage: Path, executor_in: Make, tmp_path: Path) -> Artifact:
    return executor_in().execute(job(tmp_path))


def test_equal_inputs_are_computed_once(first: Artifact, executor_in: Make, tmp_path: Path) -> None:
    executor = executor_in()
    assert executor.execute(job(tmp_path)).ref == first.ref
    assert executions(tmp_path) == 1
    assert last(executor).state == "cached"


def test_an_executor_knows_what_it_did(first: Artifact, executor_in: Make, tmp_path: Path) -> None:
    executor = executor_in()
    jobs = [job(tmp_path), job(tmp_path, 2)]
    made = [executor.execute(one) for one in jobs]
    assert executor.done == [(one, artifact.ref) for one, artifact in zip(jobs, made, strict=True)]


def test_a_first_execution_says_so(stage: Path, executor_in: Make, tmp_path: Path) -> None:
    executor = executor_in()
    executor.execute(job(tmp_path))
    record = last(executor)
    assert (record.state, record.reason) == ("done", "first execution of this stage")
    assert record.counts == {"received": 2, "accepted": 1, "quarantined": 1, "duplicates": 0}
    assert record.metrics == {"size": 1.5}
    assert record.peak_memory_bytes > 1_000_000


def test_a_changed_parameter_is_named(first: Artifact, executor_in: Make, tmp_path: Path) -> None:
    executor = executor_in()
    executor.execute(job(tmp_path, 2))
    assert last(executor).reason == "changed: params.value 1 -> 2"


def test_changed_code_is_named(
    first: Artifact, stage: Path, executor_in: Make, tmp_path: Path
) -> None:
    stage.write_text(stage.read_text() + "\n# changed\n")
    executor = executor_in()
    executor.execute(job(tmp_path))
    assert last(executor).reason == "changed: code of sample_stage"
    assert executions(tmp_path) == 2


def test_a_place_is_not_in_the_key(first: Artifact, executor_in: Make, tmp_path: Path) -> None:
    elsewhere = Job("sample", {"value": 1}, locations={"log": str(tmp_path / "other")})
    assert executor_in().execute(elsewhere).ref == first.ref
    assert not (tmp_path / "other").exists()


def test_force_computes_again(first: Artifact, executor_in: Make, tmp_path: Path) -> None:
    executor = executor_in(force=frozenset({"sample"}))
    assert executor.execute(job(tmp_path)).ref == first.ref
    assert executions(tmp_path) == 2
    assert last(executor).reason == "forced"


def test_an_artifact_that_lost_an_object_is_made_again(
    first: Artifact, executor_in: Make, tmp_path: Path
) -> None:
    first.path("out.txt").unlink()
    again = executor_in().execute(job(tmp_path))
    assert again.path("out.txt").read_text() == "1"
    assert executions(tmp_path) == 2


def test_a_damaged_manifest_is_made_again(
    first: Artifact, executor_in: Make, tmp_path: Path
) -> None:
    Path(first.ref.uri.removeprefix("file://")).write_text("{")
    assert executor_in().execute(job(tmp_path)).ref == first.ref


def test_of_jobs_that_want_one_key_at_once_one_computes(
    stage: Path, executor_in: Make, tmp_path: Path
) -> None:
    executors = [executor_in() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda e: e.execute(job(tmp_path)).ref, executors))
    assert len(set(made)) == 1
    assert executions(tmp_path) == 1


def test_a_stage_that_loses_a_record_publishes_nothing(
    stage: Path, executor_in: Make, tmp_path: Path
) -> None:
    executor = executor_in()
    with pytest.raises(MillraceError, match="lost or invented"):
        executor.execute(job(tmp_path, lost=1))
    assert last(executor).state == "failed"
    assert list(executor.store.keys()) == []


def test_a_bug_is_recorded_and_raised(stage: Path, executor_in: Make, tmp_path: Path) -> None:
    executor = executor_in()
    with pytest.raises(AttributeError):
        executor.execute(job(tmp_path, error=True))
    assert last(executor).state == "failed"
    assert "params_error" in last(executor).error["problem"]


def test_nothing_temporary_is_left(first: Artifact, tmp_path: Path) -> None:
    assert list((tmp_path / "home" / "scratch").iterdir()) == []


def test_progress_reaches_the_listener(stage: Path, executor_in: Make, tmp_path: Path) -> None:
    events: list[Any] = []
    executor_in(report=events.append).execute(job(tmp_path))
    assert [event["epoch"] for event in events] == [1]


@pytest.mark.usefixtures("stage")
def test_a_damaged_input_names_the_stage_that_makes_it_again(
    executor_in: Any, tmp_path: Path
) -> None:
    executor = executor_in()
    log = {"log": str(tmp_path / "log")}
    made = executor.execute(Job("sample", {"value": 1}, {}, log))
    made.path("out.txt").chmod(0o644)
    made.path("out.txt").write_text("2")
    following = Job("sample", {"value": 3}, {"text": [made.ref]}, log)
    with pytest.raises(IntegrityError, match="millrace run w --force sample"):
        executor_in().execute(following)
    forced = executor_in(force=frozenset({"sample"}))
    assert forced.execute(Job("sample", {"value": 1}, {}, log)).ref == made.ref
    assert executor_in().execute(following).facts["value"] == 3
