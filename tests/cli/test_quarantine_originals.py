"""What an export holds of a record: what its source has, whatever became of it since."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import array_sources
from millrace.catalog.catalog import Catalog
from millrace.jobs.steps import STEPS
from millrace.jobs.workflow_run import RunIdentity, start_run
from millrace.settings import Settings

SPEC = """version: 1
name: small
task: image_classification
labels: ["0", "1"]
sources:
  - {{name: pix, {}, partition_rows: 20}}
clean: {{budget: {{default: 0.5}}}}
transform: {{size: [4, 4], channels: 1}}
model: {{kind: mlp}}
"""
RAGGED = "1,3,4"


def png(seed: int, side: int = 4) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side), np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def specs(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "specs"
    folder.mkdir()
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(folder))
    home.mkdir()
    with Catalog(Settings.load().catalog) as catalog:
        catalog.migrate()
    return folder


@pytest.fixture
def ragged(specs: Path, tmp_path: Path) -> None:
    """A table of forty pictures, one row of which has too few cells."""
    images = np.random.default_rng(0).integers(0, 256, (40, 4, 4), np.uint8)
    lines = array_sources.csv_text(images, [n % 2 for n in range(40)]).splitlines()
    lines[8] = RAGGED
    (tmp_path / "made.csv").write_text("\n".join(lines))
    source = f'kind: image_csv, uri: "{tmp_path}/made.csv"'
    (specs / "small.yaml").write_text(SPEC.format(source))


def prepare(name: str) -> None:
    """Run the stages up to the data set."""
    run = start_run(RunIdentity("small", "small", name), {}, "test")
    cleaned, transformed = [], []
    for partition in STEPS["discover"](run):
        cleaned.append(STEPS["clean"](run, partition, STEPS["collect"](run, partition)))
        transformed.append(STEPS["transform"](run, partition, cleaned[-1]))
    STEPS["integrate"](run, cleaned, transformed)
    run.catalog.close()


def exported(millrace: Any, folder: Path) -> list[dict[str, str]]:
    assert millrace("quarantine", "export", "small", str(folder))[0] == 0
    with (folder / "records.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.usefixtures("ragged")
def test_a_row_that_is_no_picture_is_exported_as_it_was(millrace: Any, tmp_path: Path) -> None:
    prepare("one")
    (row,) = exported(millrace, tmp_path / "out")
    assert row["file"].endswith(".txt")
    assert (tmp_path / "out" / row["file"]).read_text().strip() == RAGGED
    assert row["detail"]
    sheet = tmp_path / "sheet.png"
    assert millrace("quarantine", "show", "small", "-o", str(sheet))[1] == f"{sheet}: 1 picture.\n"
    assert "Nothing new: 1 row." in millrace("quarantine", "replay", "small", f"{tmp_path}/out")[1]


@pytest.mark.usefixtures("ragged")
def test_a_row_that_is_no_picture_is_replaced_by_one(millrace: Any, tmp_path: Path) -> None:
    prepare("one")
    (row,) = exported(millrace, tmp_path / "out")
    (tmp_path / "out" / "new.png").write_bytes(png(1))
    row |= {"file": "new.png", "label": "1"}
    with (tmp_path / "out" / "records.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row)
    assert millrace("quarantine", "replay", "small", str(tmp_path / "out"))[0] == 0
    prepare("two")
    assert "refused 0 of 40" in millrace("quarantine", "small")[1]


def test_a_conflict_between_partitions_is_exported_as_it_was_collected(
    millrace: Any, specs: Path, tmp_path: Path
) -> None:
    for number in range(40):
        folder = tmp_path / "photos" / str(number % 2)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:02}.png").write_bytes(png(number, side=40))
    for path in (tmp_path / "photos" / "0" / "00.png", tmp_path / "photos" / "1" / "39.png"):
        path.write_bytes(png(77, side=40))
    source = f'kind: image_folder, uri: "{tmp_path}/photos"'
    (specs / "small.yaml").write_text(SPEC.format(source))
    prepare("one")
    rows = exported(millrace, tmp_path / "out")
    assert len(rows) == 2
    assert {(tmp_path / "out" / row["file"]).read_bytes() for row in rows} == {png(77, side=40)}
