"""`millrace new`: what it says of real little data, what it refuses, and that its workflow runs."""

from __future__ import annotations

import ast
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from millrace.catalog.catalog import Catalog
from millrace.cli.newcomer.place import place_of
from millrace.errors import ExitCode
from millrace.jobs.steps import STEPS
from millrace.jobs.workflow_run import RunIdentity, start_run
from millrace.settings import Settings
from millrace.workflow.loader import load_named
from millrace.workflow.spec import WorkflowSpec

NAMES = ["yes", "1e3", "null", "a b: 'c' \"d\" #e"]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own, with no workflow in it."""
    folder = tmp_path / "project"
    (folder / "include" / "workflows").mkdir(parents=True)
    monkeypatch.setenv("MILLRACE_PROJECT", str(folder))
    monkeypatch.delenv("MILLRACE_WORKFLOWS", raising=False)
    monkeypatch.delenv("MILLRACE_DAGS", raising=False)
    return folder


def jpeg(seed: int, side: int = 20) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def pictures(folder: Path, **counts: int) -> Path:
    """Write a folder a class, each with its number of pictures."""
    for kind, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            (folder / name / f"{number}.jpg").write_bytes(jpeg(1_000 * kind + number))
    return folder


def proposed(project: Path, name: str = "mine") -> WorkflowSpec:
    return load_named(project / "include" / "workflows", name)


def test_a_folder_becomes_a_workflow_that_runs(
    millrace: Any, project: Path, tmp_path: Path
) -> None:
    folder = pictures(tmp_path / "it's: 日本 #1 {a}", **dict.fromkeys(NAMES, 12))
    (folder / "yes" / "broken.jpg").write_bytes(jpeg(1)[:200])
    (folder / "yes" / "copy.jpg").write_bytes((folder / "yes" / "3.jpg").read_bytes())
    code, out, err = millrace("new", "mine", "--from", str(folder))
    assert (code, err) == (0, "")
    assert "1 undecodable" in out
    assert "1 exact" in out
    ast.parse((project / "dags" / "mine.py").read_text())
    assert proposed(project).transform.size == (20, 20)
    with Catalog(Settings.load().catalog) as catalog:
        catalog.migrate()
    run = start_run(RunIdentity("mine", "mine", "one"), {}, "test")
    cleaned, made = [], []
    for partition in STEPS["discover"](run):
        cleaned.append(STEPS["clean"](run, partition, STEPS["collect"](run, partition)))
        made.append(STEPS["transform"](run, partition, cleaned[-1]))
    dataset = STEPS["integrate"](run, cleaned, made)
    assert dataset["rows"] == 48
    labels = next(iter(run.store.find(dataset["key"]).facts["class_counts"].values()))
    assert set(labels) == set(NAMES)
    run.catalog.close()


def test_a_class_that_cannot_be_split_is_told_and_left_out(
    millrace: Any, project: Path, tmp_path: Path
) -> None:
    folder = pictures(tmp_path / "x", cat=12, dog=12, lone=1)
    code, out, _ = millrace("new", "mine", "--from", str(folder))
    assert code == 0
    assert "left out: 'lone'" in out
    assert proposed(project).sources[0].label_map == {"lone": None}


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({"cat": 5}, "all pictures are of one class"),
        ({"cat": 1, "dog": 1}, "the classes have too few pictures"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(
    millrace: Any, project: Path, tmp_path: Path, counts: dict[str, int], sentence: str
) -> None:
    code, _, err = millrace("new", "mine", "--from", str(pictures(tmp_path / "x", **counts)))
    assert code == ExitCode.DATA
    assert sentence in err
    assert not list((project / "include" / "workflows").iterdir())


def test_pictures_without_labels_are_refused_with_what_to_do(millrace: Any, tmp_path: Path) -> None:
    (tmp_path / "flat").mkdir()
    for number in range(4):
        (tmp_path / "flat" / f"{number}.jpg").write_bytes(jpeg(number))
    code, _, err = millrace("new", "mine", "--from", str(tmp_path / "flat"))
    assert code == ExitCode.DATA
    assert "no picture has a label" in err
    assert "labels.csv" in err


def test_pictures_that_are_all_broken_are_counted(millrace: Any, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "x", cat=3, dog=3)
    for path in folder.glob("*/*.jpg"):
        path.write_bytes(b"broken")
    code, _, err = millrace("new", "mine", "--from", str(folder))
    assert code == ExitCode.DATA
    assert "6 undecodable" in err


def test_what_partitions_have_in_common_is_counted(millrace: Any, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2_200, 4, 4), np.uint8)
    pixels[2_190:2_195] = pixels[:5]
    pixels[2_199] = pixels[9]
    labels = np.arange(2_200) % 2
    labels[2_190:2_195] = labels[:5]
    labels[2_199] = 1 - labels[9]
    np.savez(tmp_path / "a.npz", x=pixels, y=labels)
    _, out, _ = millrace("new", "mine", "--from", str(tmp_path / "a.npz"), "--dry-run")
    assert "5 exact" in out
    assert "2 conflicting_label" in out


@pytest.mark.parametrize("name", ["Mine", "1a", "a-b", "../x", "", "a" * 61, "é"])
def test_a_name_that_no_dag_can_have_is_refused(millrace: Any, tmp_path: Path, name: str) -> None:
    code, _, err = millrace("new", name, "--from", str(tmp_path))
    assert code == ExitCode.SPEC
    assert "not a name for a workflow" in err


@pytest.mark.parametrize("path", ["", "/no/such/path", "x\0y", "${HOME}/x", "\udcff"])
def test_a_path_that_leads_nowhere_is_a_sentence(millrace: Any, path: str) -> None:
    code, _, err = millrace("new", "mine", "--from", path)
    assert code in (ExitCode.SPEC, ExitCode.DATA)
    assert "path" in err


def test_a_taken_name_is_refused_unless_forced(
    millrace: Any, project: Path, tmp_path: Path
) -> None:
    folder = str(pictures(tmp_path / "x", cat=12, dog=12))
    taken = project / "include" / "workflows" / "mine.yml"
    taken.write_text("mine")
    code, _, err = millrace("new", "mine", "--from", folder)
    assert code == ExitCode.SPEC
    assert "--force" in err
    assert taken.read_text() == "mine"
    assert millrace("new", "mine", "--from", folder, "--force")[0] == 0
    assert proposed(project).name == "mine"


def test_a_dag_that_is_no_workflows_is_never_replaced(
    millrace: Any, project: Path, tmp_path: Path
) -> None:
    own = project / "dags" / "store_gc.py"
    own.parent.mkdir(exist_ok=True)
    own.write_text("mine")
    code, _, err = millrace("new", "store_gc", "--from", str(tmp_path), "--force")
    assert code == ExitCode.SPEC
    assert "no workflow's" in err
    assert own.read_text() == "mine"


@pytest.mark.parametrize(("there", "name"), [("mine", "mine_predict"), ("mine_predict", "mine")])
def test_a_name_of_a_prediction_dag_is_refused(
    millrace: Any, project: Path, tmp_path: Path, there: str, name: str
) -> None:
    (project / "include" / "workflows" / f"{there}.yaml").write_text("x")
    code, _, err = millrace("new", name, "--from", str(tmp_path))
    assert code == ExitCode.SPEC
    assert "collides" in err


def test_a_dry_run_writes_nothing(millrace: Any, project: Path, tmp_path: Path) -> None:
    folder = str(pictures(tmp_path / "x", cat=12, dog=12))
    code, out, _ = millrace("new", "mine", "--from", folder, "--dry-run")
    assert code == 0
    assert "task: image_classification" in out
    assert not list((project / "include" / "workflows").iterdir())
    assert not (project / "dags").exists()


def test_another_folder_takes_the_workflow_alone(
    millrace: Any, project: Path, tmp_path: Path
) -> None:
    folder = str(pictures(tmp_path / "x", cat=12, dog=12))
    assert millrace("new", "mine", "--from", folder, "--to", str(tmp_path / "specs"))[0] == 0
    assert (tmp_path / "specs" / "mine.yaml").exists()
    assert not (project / "dags").exists()


def test_a_sample_is_spread_and_said(millrace: Any, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (900, 4, 4), np.uint8)
    np.savez(tmp_path / "a.npz", x=pixels, y=np.arange(900) // 300)
    path = str(tmp_path / "a.npz")
    code, out, _ = millrace("new", "mine", "--from", path, "--sample", "200", "--dry-run")
    assert code == 0
    assert "900; looked at 2" in out
    assert "3 – 0 (" in out.replace("1 (", "0 (").replace("2 (", "0 (")
    assert "counts are of a sample" in out


@pytest.mark.parametrize("relative", [False, True])
def test_a_loop_of_links_is_a_sentence(
    millrace: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relative: bool
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    origin = "loop" if relative else str(tmp_path / "loop")
    code, _, err = millrace("new", "mine", "--from", origin)
    assert code == ExitCode.DATA
    assert "nothing at this path" in err


def test_a_place_is_written_so_that_a_task_finds_it(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (project / "data", tmp_path / "elsewhere" / "data"):
        folder.mkdir(parents=True)
    monkeypatch.chdir(project)
    assert place_of("data").uri == "data"
    assert place_of("include/../data").uri == str(project / "data")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert place_of("data").uri == str(tmp_path / "elsewhere" / "data")
    assert place_of(str(project / "data")).uri == str(project / "data")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert place_of("~/elsewhere").uri == str(tmp_path / "elsewhere")
    assert place_of("s3://bucket/x/").path is None


def test_nothing_is_left_behind(
    millrace: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(pictures(tmp_path / "x", cat=12, dog=12))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    assert millrace("new", "mine", "--from", folder, "--dry-run")[0] == 0
    assert list(scratch.iterdir()) == []
