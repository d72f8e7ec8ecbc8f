"""From refused records to corrected ones, as a person does it: real stages, no training."""

from __future__ import annotations

import csv
import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from millrace.catalog.catalog import Catalog
from millrace.errors import ExitCode, MillraceError
from millrace.jobs.steps import STEPS
from millrace.jobs.workflow_run import RunIdentity, WorkflowRun, start_run
from millrace.settings import Settings

SPEC = """version: 1
name: small
task: image_classification
labels: ["0", "1", "2"]
sources:
  - {{name: pix, kind: idx, images: "{0}/images", labels: "{0}/labels", partition_rows: 30}}
clean: {{budget: {{default: {1}}}}}
transform: {{size: [4, 4], channels: 1}}
model: {{kind: mlp}}
"""
COUNT, BLANK, FIRST, SECOND = 60, 40, 5, 51  # records; a blank one; two equal ones that disagree


def idx(array: np.ndarray[Any, Any]) -> bytes:
    header = struct.pack(f">I{array.ndim}I", 2048 + array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def workflow(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workflow of sixty pictures in two partitions, three of them to be refused."""
    images = np.random.default_rng(0).integers(0, 256, (COUNT, 4, 4), np.uint8)
    images[BLANK] = 7
    images[SECOND] = images[FIRST]
    (tmp_path / "images").write_bytes(idx(images))
    (tmp_path / "labels").write_bytes(idx(np.arange(COUNT) % 3))
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "small.yaml").write_text(SPEC.format(tmp_path, 0.5))
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path / "specs"))
    home.mkdir()
    with Catalog(Settings.load().catalog) as catalog:
        catalog.migrate()
    return tmp_path / "specs" / "small.yaml"


def started(run_id: str) -> WorkflowRun:
    return start_run(RunIdentity("small", "small", run_id), {}, "test")


def prepare(run_id: str) -> dict[str, Any]:
    """Run the stages up to the data set; return what they made."""
    run = started(run_id)
    made: dict[str, Any] = {"run": run, "cleaned": [], "transformed": []}
    for partition in STEPS["discover"](run):
        cleaned = STEPS["clean"](run, partition, STEPS["collect"](run, partition))
        made["cleaned"].append(cleaned)
        made["transformed"].append(STEPS["transform"](run, partition, cleaned))
    made["dataset"] = STEPS["integrate"](run, made["cleaned"], made["transformed"])
    run.catalog.close()
    return made


def states(made: dict[str, Any], stage: str) -> list[str]:
    with Catalog(Settings.load().catalog) as catalog:
        return [e.state for e in catalog.executions.of_run(made["run"].id) if e.stage == stage]


def exported(millrace: Any, folder: Path) -> list[dict[str, str]]:
    code, _, err = millrace("quarantine", "export", "small", str(folder))
    assert (code, err) == (0, "")
    with (folder / "records.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def rewrite(folder: Path, rows: list[dict[str, str]]) -> None:
    with (folder / "records.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def png(seed: int) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 4), np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_refused_records_are_counted_by_reason_and_named(millrace: Any, workflow: Path) -> None:
    prepare("one")
    code, out, _ = millrace("quarantine", "small")
    assert code == 0
    assert "Run 1 of small refused 3 of 60 records (5.0%)." in out
    assert "conflicting_label" in out
    assert "pix/000000040" in out
    assert "images (1)" in out


def test_a_run_that_broke_its_budget_shows_its_quarantine(millrace: Any, workflow: Path) -> None:
    workflow.write_text(SPEC.format(workflow.parents[1], 0.001))
    with pytest.raises(MillraceError, match="too many records were refused"):
        prepare("one")
    code, out, _ = millrace("quarantine", "--reason", "blank")
    assert code == 0
    assert "did not come to comparing partitions" in out
    assert "pix/000000040" in out


def test_the_list_is_json_with_every_field(millrace: Any, workflow: Path) -> None:
    prepare("one")
    document = json.loads(millrace("quarantine", "1", "--json", "--limit", "1")[1])
    assert sum(kind["records"] for kind in document["refused"]) == 3
    assert document["records"][0].keys() >= {"record_id", "source", "origin", "label", "reason"}


def test_a_sheet_shows_the_pictures(millrace: Any, workflow: Path, tmp_path: Path) -> None:
    prepare("one")
    sheet = tmp_path / "sheet.png"
    code, out, _ = millrace("quarantine", "show", "small", "-o", str(sheet))
    assert (code, out) == (0, f"{sheet}: 3 pictures.\n")
    with Image.open(sheet) as image:
        assert image.width > 200


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nothing",), "there is no such run"),
        (("99",), "no such run"),
        (("a", "b"), "these words are not understood"),
        (("export", "small"), "expected millrace quarantine export RUN FOLDER"),
        (("small", "--dry-run"), "--dry-run means nothing here"),
        (("show", "small"), "the sheet's file is not named"),
        (("show", "small", "-o", "x.png", "--reason", "nope"), "no record was refused so"),
        (("replay", "small", "missing"), "the corrected records cannot be read"),
        (("replay", "smal", "missing"), "Did you mean small?"),
        (("corrections", "small", "--withdraw", "pix/1"), "no correction of these records"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    millrace: Any, workflow: Path, words: tuple[str, ...], sentence: str
) -> None:
    prepare("one")
    code, _, err = millrace("quarantine", *words)
    assert code in (ExitCode.SPEC, ExitCode.DATA)
    assert sentence in err


def test_an_export_overwrites_nothing(millrace: Any, workflow: Path, tmp_path: Path) -> None:
    prepare("one")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    code, _, err = millrace("quarantine", "export", "small", str(tmp_path / "full"))
    assert code == ExitCode.DATA
    assert "new or empty folder" in err


def test_an_export_may_be_cut_short(millrace: Any, workflow: Path, tmp_path: Path) -> None:
    prepare("one")
    millrace("quarantine", "export", "small", str(tmp_path / "out"), "--limit", "2")
    assert len(list((tmp_path / "out" / "pictures").iterdir())) == 2


def test_an_export_as_it_is_says_nothing_new(millrace: Any, workflow: Path, tmp_path: Path) -> None:
    prepare("one")
    assert len(exported(millrace, tmp_path / "out")) == 3
    code, out, _ = millrace("quarantine", "replay", "small", str(tmp_path / "out"))
    assert code == 0
    assert "Corrected: 0 records" in out
    assert "Nothing new: 3 rows" in out
    assert "No corrections are in force" in millrace("quarantine", "corrections", "small")[1]


def corrected(millrace: Any, folder: Path) -> None:
    """Agree on the equal pictures' label, replace the blank one, and replay."""
    rows = exported(millrace, folder)
    for row in rows:
        if row["reason"] == "conflicting_label":
            row["label"] = "2"
        else:
            (folder / "better one.png").write_bytes(png(9))
            row["file"] = "better one.png"
    rewrite(folder, rows)
    code, out, err = millrace("quarantine", "replay", "small", str(folder))
    assert (code, err) == (0, "")
    assert "Corrected: 2 records (1 label, 1 picture). Nothing new: 1 row." in out


def test_corrected_records_are_in_the_next_run_and_nothing_else_changes(
    millrace: Any, workflow: Path, tmp_path: Path
) -> None:
    before = prepare("one")
    corrected(millrace, tmp_path / "out")
    after = prepare("two")
    assert after["dataset"]["digest"] != before["dataset"]["digest"]
    assert "refused 0 of 60" in millrace("quarantine", "small")[1]
    assert states(after, "collect") == ["cached", "cached"]


def test_a_partition_without_corrections_comes_out_the_same(
    millrace: Any, workflow: Path, tmp_path: Path
) -> None:
    before = prepare("one")
    rows = [row for row in exported(millrace, tmp_path / "out") if row["reason"] == "blank"]
    (tmp_path / "out" / "new.png").write_bytes(png(9))
    rewrite(tmp_path / "out", [{**rows[0], "file": "new.png"}])
    assert millrace("quarantine", "replay", "small", str(tmp_path / "out"))[0] == 0
    after = prepare("two")
    digests = [[ref["digest"] for ref in made["cleaned"]] for made in (before, after)]
    assert digests[0][0] == digests[1][0]
    assert digests[0][1] != digests[1][1]
    assert states(after, "transform") == ["cached", "done"]


def test_a_dry_run_records_nothing(millrace: Any, workflow: Path, tmp_path: Path) -> None:
    prepare("one")
    rows = exported(millrace, tmp_path / "out")
    rewrite(tmp_path / "out", [{**row, "label": "2"} for row in rows])
    code, out, _ = millrace("quarantine", "replay", "small", str(tmp_path / "out"), "--dry-run")
    assert code == 0
    assert "Corrected: " in out
    assert "No corrections are in force" in millrace("quarantine", "corrections", "small")[1]


def test_withdrawn_corrections_bring_the_old_results_back(
    millrace: Any, workflow: Path, tmp_path: Path
) -> None:
    before = prepare("one")
    corrected(millrace, tmp_path / "out")
    listed = millrace("quarantine", "corrections", "small")[1]
    assert "replaced" in listed
    assert "pix/000000040" in listed
    assert millrace("quarantine", "corrections", "small", "--withdraw", "pix/000000040")[0] == 0
    assert "pix/000000040" not in millrace("quarantine", "corrections", "small")[1]
    assert millrace("quarantine", "corrections", "small", "--withdraw", "all")[0] == 0
    after = prepare("two")
    assert after["dataset"] == before["dataset"]
    assert states(after, "clean") == ["cached", "cached"]


def test_a_run_keeps_the_corrections_it_started_with(
    millrace: Any, workflow: Path, tmp_path: Path
) -> None:
    prepare("one")
    run = started("two")
    corrected_run = run.corrections
    run.catalog.close()
    assert corrected_run == {}
    rows = exported(millrace, tmp_path / "out")
    rewrite(tmp_path / "out", [{**row, "label": "2"} for row in rows])
    assert millrace("quarantine", "replay", "small", str(tmp_path / "out"))[0] == 0
    run = started("three")
    run.catalog.close()
    assert set(run.corrections) == {"pix"}


def test_a_prediction_run_uses_the_corrections_too(
    millrace: Any, workflow: Path, tmp_path: Path
) -> None:
    prepare("one")
    corrected(millrace, tmp_path / "out")
    run = start_run(RunIdentity("small", "small_predict", "p", "prediction"), {}, "test")
    run.catalog.close()
    assert set(run.corrections) == {"pix"}


def test_a_corrected_record_says_so(millrace: Any, workflow: Path, tmp_path: Path) -> None:
    prepare("one")
    corrected(millrace, tmp_path / "out")
    prepare("two")
    _, out, _ = millrace("show", "record", "pix/000000051")
    assert "corrected by a person: label 2" in out
    assert "corrected" not in millrace("show", "record", "pix/000000001")[1]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"record_id": "pix/77"}, "line 2: no record 'pix/77' in the run"),
        ({"label": "3"}, "no label '3' in the workflow; one of 0, 1, 2"),
        ({"file": "../images"}, "is outside the folder"),
        ({"file": "/etc/hostname"}, "is outside the folder"),
        ({"file": "link.png"}, "is outside the folder"),
        ({"file": "none.png"}, "there is no file 'none.png'"),
        ({"file": "x" * 300}, "there is no file"),
        ({"file": "bad.png"}, "bad.png cannot be read as a picture"),
        ({"record_id": ""}, "line 2: no record_id"),
        ({"record_id": "pix/000000051"}, "pix/000000051 stands twice"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused_with_its_line(
    millrace: Any, workflow: Path, tmp_path: Path, change: dict[str, str], sentence: str
) -> None:
    prepare("one")
    rows = exported(millrace, tmp_path / "out")
    (tmp_path / "out" / "bad.png").write_bytes(b"not a picture")
    (tmp_path / "out" / "link.png").symlink_to(tmp_path / "images")
    rows.sort(key=lambda row: row["record_id"] == "pix/000000051")
    rewrite(tmp_path / "out", [{**rows[0], **change}, *rows[1:]])
    code, _, err = millrace("quarantine", "replay", "small", str(tmp_path / "out"))
    assert code == ExitCode.DATA
    assert sentence in err
    assert "No corrections are in force" in millrace("quarantine", "corrections", "small")[1]


def test_a_spreadsheet_may_write_semicolons(millrace: Any, workflow: Path, tmp_path: Path) -> None:
    prepare("one")
    exported(millrace, tmp_path / "out")
    path = tmp_path / "out" / "records.csv"
    path.write_text("record_id;label\npix/000000005;1\n", encoding="utf-8")
    assert (
        "Corrected: 1 record (1 label"
        in millrace("quarantine", "replay", "small", str(tmp_path / "out"))[1]
    )
