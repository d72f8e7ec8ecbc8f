"""`millrace new` of DICOM: a workflow that runs, and no word of whom the images show."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dicom_files import ct, found_in
from millrace.errors import ExitCode
from millrace.workflow.loader import load_named

PATIENTS = 12


@pytest.fixture(autouse=True)
def project(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own, with no workflow in it."""
    folder = tmp_path / "project"
    (folder / "include" / "workflows").mkdir(parents=True)
    monkeypatch.setenv("MILLRACE_PROJECT", str(folder))
    monkeypatch.setenv("MILLRACE_PRIVACY_KEY", "5a" * 32)
    monkeypatch.setattr("millrace.data.sources.dicom_records.can_read_text", lambda: False)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two slices of each of some patients, and which of them bleed."""
    made, lines = tmp_path / "scans", ["PatientID,hemorrhage"]
    made.mkdir()
    for patient in range(PATIENTS):
        lines.append(f"PID-4711-XY{patient},{patient % 2}")
        for number in range(2):
            seed = 2 * patient + number
            blocks = np.random.default_rng(seed).integers(-150, 250, (6, 5))
            values = np.kron(blocks, np.ones((8, 8), int))
            data = ct(
                seed,
                PatientID=f"PID-4711-XY{patient}",
                SeriesInstanceUID=f"1.2.826.0.1.77.1.9.{patient}",
                StudyInstanceUID=f"1.2.826.0.1.77.1.8.{patient}",
                Rows=48,
                Columns=40,
                PixelData=(values + 1024).astype("<i2").tobytes(),
            )
            (made / f"Zweifelstein{seed}").write_bytes(data)
    (made / "list.csv").write_text("\n".join(lines) + "\n")
    return made


def test_a_folder_of_dicom_becomes_a_workflow_that_names_nobody(
    millrace: Any, project: Path, folder: Path
) -> None:
    code, out, err = millrace("new", "brain", "--from", str(folder))
    assert code == 0, err
    assert "0 (12), 1 (12)" in out
    assert "labels are by patient" in out
    text = (project / "include" / "workflows" / "brain.yaml").read_text()
    assert not found_in((out + err + text).encode())
    ast.parse((project / "dags" / "brain.py").read_text())
    spec: Any = load_named(project / "include" / "workflows", "brain")
    assert spec.task == "ct_classification"
    assert spec.privacy.input == "identified"
    assert spec.sources[0].labels_by == "patient"
    assert spec.transform.spacing == (2.0, 2.0)
    assert "distance: 5.0" in text


def test_without_labels_it_says_what_to_add_and_names_nobody(
    millrace: Any, project: Path, folder: Path
) -> None:
    (folder / "list.csv").unlink()
    code, out, err = millrace("new", "brain", "--from", str(folder))
    assert code == ExitCode.DATA
    assert "no slice has a label" in err
    assert "labels.csv" in err
    assert not found_in((out + err).encode())
    assert not (project / "dags").exists()
