"""Verifying a run: what is the same, what differs and why, what cannot be said."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.errors import SpecError, TransientError
from millrace.jobs.code import forget
from millrace.jobs.execute import Executor, Job
from millrace.jobs.steps import STEPS
from millrace.jobs.verification import Finding, Verifier
from millrace.jobs.workflow_run import RunIdentity, start_run
from millrace.settings import Settings

Make = Callable[..., Executor]


def do(executor: Executor, tmp_path: Path, value: object, *inputs: Artifact) -> Artifact:
    refs = {"text": [artifact.ref for artifact in inputs]} if inputs else {}
    return executor.execute(
        Job("sample", {"value": value}, refs, {"log": str(tmp_path / "log")}, f"part/{value}")
    )


def verify(executor: Executor, tmp_path: Path, **more: Any) -> list[Finding]:
    verifier = Verifier(executor.store, executor.catalog, tmp_path / "scratch")
    return list(verifier.verify(executor.catalog.runs.get(executor.run), **more))


@pytest.mark.usefixtures("stage")
def test_a_run_that_is_done_again_is_the_same_and_leaves_nothing(
    executor_in: Make, tmp_path: Path
) -> None:
    executor = executor_in()
    do(executor, tmp_path, 2, do(executor, tmp_path, 1))
    files = sorted((tmp_path / "store").rglob("*"))
    assert [one.state for one in verify(executor, tmp_path)] == ["same", "same"]
    assert (tmp_path / "log").read_text() == "xxxx"
    assert sorted((tmp_path / "store").rglob("*")) == files


def test_a_difference_names_the_file_the_fact_and_the_code(
    executor_in: Make, tmp_path: Path, stage: Path
) -> None:
    executor = executor_in()
    do(executor, tmp_path, 1)
    text = stage.read_text().replace("str(context.params", "'new ' + str(context.params")
    stage.write_text(text.replace('{"value": context', '{"deep": {"value": 7}, "value": context'))
    __import__("sys").modules.pop("sample_stage")
    forget()
    (found,) = verify(executor, tmp_path)
    assert found.state == "differs"
    said = "\n".join(found.reasons)
    for part in ("file out.txt", "(1 bytes) then", "(5 bytes) now", "fact.deep", "code of sample"):
        assert part in said


def test_code_that_fails_on_the_parameters_of_then_differs_and_says_how(
    executor_in: Make, tmp_path: Path, stage: Path
) -> None:
    executor = executor_in()
    do(executor, tmp_path, 1)
    stage.write_text(stage.read_text().replace('params["value"]', 'params["new_name"]'))
    __import__("sys").modules.pop("sample_stage")
    forget()
    (found,) = verify(executor, tmp_path)
    assert found.state == "differs"
    assert found.reasons[0] == "it fails now: KeyError('new_name')"
    assert "code of sample_stage" in found.reasons[1]


@pytest.mark.usefixtures("stage")
def test_a_difference_without_a_cause_says_that_nothing_else_changed(
    executor_in: Make, tmp_path: Path
) -> None:
    executor = executor_in()
    made = do(executor, tmp_path, 1)
    (execution,) = executor.catalog.executions.of_run(executor.run)
    executor.catalog.executions.finish(
        execution.id, "done", output=dataclasses.replace(made.ref, digest="ab" * 32)
    )
    (found,) = verify(executor, tmp_path)
    assert found.state == "differs"
    assert "digest abababababab then" in found.reasons[0]
    assert "those of then" in found.reasons[-1]


@pytest.mark.usefixtures("stage")
def test_another_machine_is_named_where_the_result_differs(
    executor_in: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from millrace.jobs import verification_causes

    executor = executor_in()
    monkeypatch.setattr(verification_causes, "machine", lambda: {"processor": "abacus"})
    do(executor, tmp_path, 1)
    object_file = next(p for p in (tmp_path / "store" / "objects").rglob("*") if p.is_file())
    monkeypatch.setattr("sample_stage.str", lambda value: "other", raising=False)
    (found,) = verify(executor, tmp_path)
    assert object_file.exists()
    assert any(reason.endswith("is abacus") for reason in found.reasons)


@pytest.mark.usefixtures("stage")
def test_a_stage_is_verified_on_the_recorded_input_though_it_was_made_differently(
    executor_in: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = executor_in()
    do(executor, tmp_path, 2, do(executor, tmp_path, 1))
    texts = iter(["other", "2"])
    monkeypatch.setattr("sample_stage.str", lambda value: next(texts), raising=False)
    assert [one.state for one in verify(executor, tmp_path)] == ["differs", "same"]


@pytest.mark.usefixtures("stage")
def test_an_input_that_was_collected_is_said_to_be_gone(executor_in: Make, tmp_path: Path) -> None:
    first, second = executor_in(), executor_in()
    made = do(first, tmp_path, 1)
    do(second, tmp_path, 2, made)
    first.store.backend.remove(first.store.manifest_names(made.ref.key, made.ref.digest))
    (found,) = verify(second, tmp_path)
    assert found.state == "gone"
    assert "collected" in found.reasons[0]


@pytest.mark.usefixtures("stage")
def test_only_what_is_asked_for_is_done(executor_in: Make, tmp_path: Path) -> None:
    executor = executor_in()
    do(executor, tmp_path, 1)
    assert [f.state for f in verify(executor, tmp_path, skip=["sample"])] == ["skipped"]
    assert [f.state for f in verify(executor, tmp_path, stages=["train"])] == ["skipped"]
    assert (tmp_path / "log").read_text() == "x"
    with pytest.raises(SpecError, match="unknown stage"):
        verify(executor, tmp_path, stages=["trian"])


@pytest.mark.usefixtures("stage")
def test_a_run_without_results_and_a_failing_machine_are_no_difference(
    executor_in: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = executor_in()
    with pytest.raises(SpecError, match="no results"):
        verify(executor, tmp_path)
    do(executor, tmp_path, 1)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "put_all", full)
    with pytest.raises(TransientError, match="disk is full"):
        verify(executor, tmp_path)


SPEC = """\
version: 1
name: small
task: image_classification
sources:
  - {name: mine, kind: npz, uri: "%s", partition_rows: 20}
transform: {size: [8, 8], channels: 1}
model: {kind: mlp}
"""


@pytest.fixture
def collected(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Path]:
    """A run up to transform, and the file that it read."""
    path = tmp_path / "mine.npz"
    write_pictures(path, 0)
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "small.yaml").write_text(SPEC % path)
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path / "workflows"))
    Catalog(Settings.load().catalog).migrate()
    run = start_run(RunIdentity("small", "small", "one"), {}, "manual")
    for partition in STEPS["discover"](run):
        raw = STEPS["collect"](run, partition)
        clean = STEPS["clean"](run, partition, raw)
        STEPS["transform"](run, partition, clean)
    return run, path


def write_pictures(path: Path, first: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (40, 8, 8), dtype=np.uint8)
    pixels[0, 0, 0] = first
    np.savez(path, images=pixels, labels=np.arange(40) % 2)


def states(run: Any, tmp_path: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    verifier = Verifier(run.store, run.catalog, tmp_path / "scratch")
    for one in verifier.verify(run.catalog.runs.get(run.id)):
        found.setdefault(one.execution.stage, set()).add(one.state)
    return found


def test_sources_that_are_there_are_read_again(collected: Any, tmp_path: Path) -> None:
    run, _ = collected
    found = states(run, tmp_path)
    assert set(found) == {"discover", "collect", "clean", "transform"}
    assert set.union(*found.values()) == {"same"}


@pytest.mark.parametrize("how", ["gone", "changed"])
def test_a_source_that_is_gone_or_changed_is_no_difference_and_the_rest_is_verified(
    collected: Any, tmp_path: Path, how: str
) -> None:
    run, path = collected
    path.unlink()
    if how == "changed":
        write_pictures(path, 99)
    found = states(run, tmp_path)
    assert found["discover"] == {"source"}
    unchanged = {"same"} if how == "changed" else set()  # the second partition
    assert found["collect"] == {"source"} | unchanged
    assert found["clean"] == found["transform"] == {"same"}
