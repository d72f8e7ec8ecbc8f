"""The trainer image: what is in it, what is not, and that it performs a job as a process does."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tiny_workflow
from docker_daemon import TRAINER, docker
from millrace import __version__
from millrace.artifacts.artifact import Artifact
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes import Place
from millrace.jobs.runtimes.launch import hand_over, settle
from millrace.jobs.runtimes.trainer import trainer_packages
from millrace.jobs.steps import STEPS
from millrace.jobs.workflow_run import RunIdentity, open_run, start_run
from millrace.settings import Settings

pytestmark = pytest.mark.docker

PROJECT = Path(__file__).parents[2]
SPEC = tiny_workflow.SPEC.replace("partition_rows: 250", "partition_rows: 500")
LARGEST = 2_450_000_000  # bytes; measured 2.05 to 2.22 GB, by the base image
Performed = Callable[[str, Path], subprocess.CompletedProcess[str]]


def test_airflow_is_not_in_it_nor_an_installer_or_a_test_tool(trainer: dict[str, Any]) -> None:
    there = {name for name, found in trainer["has"].items() if found}
    assert there == {"keras", "millrace", "tensorflow"}


def test_its_versions_are_those_that_keys_are_made_from(trainer: dict[str, Any]) -> None:
    known = trainer_packages(PROJECT, "cpu")
    found = {**trainer["versions"], "python": trainer["python"]}
    assert known["tensorflow"] == found["tensorflow-cpu"]
    wrong = {name: found.get(name) for name, version in known.items() if found.get(name) != version}
    assert not wrong.keys() - {"tensorflow"}


def test_it_is_nobody_in_particular_and_can_write_to_its_scratch_folder_only(
    trainer: dict[str, Any],
) -> None:
    assert trainer["user"] == [50000, 0]
    assert trainer["image"]["Config"]["User"] == "50000:0"
    assert trainer["writable"] == []
    assert trainer["scratch"] == "0o1777"


def test_everything_is_compiled(trainer: dict[str, Any]) -> None:
    assert trainer["ours_compiled"]
    assert trainer["compiled"] / trainer["sources"] > 0.999  # some packages ship broken examples


def test_labels_say_what_it_is(trainer: dict[str, Any]) -> None:
    labels = trainer["image"]["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == "millrace-trainer"
    assert labels["org.opencontainers.image.version"] == __version__
    assert len(labels["org.opencontainers.image.revision"]) >= 40
    assert labels["org.millrace.accelerator"] == "cpu"


def test_nothing_of_the_build_is_left(trainer: dict[str, Any]) -> None:
    assert trainer["left"] == []
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", TRAINER)
    for text in (history, json.dumps(trainer["image"]["Config"])):
        assert "PIP_" not in text
        assert "://" not in text


def test_its_size_stays_healthy(trainer: dict[str, Any]) -> None:
    assert trainer["image"]["Size"] < LARGEST


def test_a_request_that_is_none_is_refused_in_a_sentence(
    in_trainer: Performed, tmp_path: Path
) -> None:
    done = in_trainer("garbage", tmp_path)
    assert done.returncode == 64
    assert done.stdout.startswith("not the URI of a request; expected <store>/documents/")
    assert "Traceback" not in done.stdout + done.stderr


def test_jobs_give_the_same_bytes_in_a_container_as_here(
    in_trainer: Performed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "tiny.yaml").write_text(SPEC)
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path / "workflows"))

    def runtime(request: JobRequest, store: Store, *_: Any) -> Artifact:
        done = in_trainer(hand_over(request, store), tmp_path)
        return settle(request, store, done.returncode, done.stdout.splitlines(), "container")

    digests = []
    for name, place in (
        ("here", None),
        ("there", Place(runtime, trainer_packages(PROJECT, "cpu"))),
    ):
        monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / name))
        digests.append(dataset_digest(place))
    assert digests[0] == digests[1]


def dataset_digest(place: Place | None) -> str:
    """Collect, clean, transform and integrate one partition, and return the dataset's digest."""
    Catalog(Settings.load().catalog).migrate()
    identity = RunIdentity("tiny", "tiny", "one")
    (partition, *_) = STEPS["discover"](start_run(identity, {"limit": 500}, "manual"))
    run = open_run(identity, place=place)
    collected = STEPS["collect"](run, partition)
    cleaned = STEPS["clean"](run, partition, collected)
    transformed = STEPS["transform"](run, partition, cleaned)
    digest: str = STEPS["integrate"](run, [cleaned], [transformed])["digest"]
    return digest
