"""Proposals of CT slices: valid, and no larger in what they promise than what was seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from millrace.workflow.loader import load_file
from millrace.workflow.proposing.choices import choose
from millrace.workflow.proposing.proposer import open_proposer
from millrace.workflow.proposing.scan_seen import SeenScans
from millrace.workflow.proposing.seen import Span
from millrace.workflow.proposing.write import write_spec

DICOM = {"name": "scans", "kind": "dicom", "uri": "in", "labels": "in/l.csv", "labels_by": "series"}
PICTURES = {"name": "slices", "kind": "image_folder", "uri": "slices"}


def seen(**values: Any) -> SeenScans:
    known: dict[str, Any] = {
        "format": "a folder of DICOM images", "sources": (DICOM,), "total": 900, "looked_at": 900,
        "classes": {"0": 450, "1": 450}, "unlabelled": 0, "heights": Span(512, 512, 512),
        "widths": Span(512, 512, 512), "measured": 900, "pixel": 0.45, "step": 5.0, "series": 30,
        "patients": {"0": 15, "1": 15}, "identified": True,
    }  # fmt: skip
    return SeenScans(**(known | values))


def opened() -> dict[str, Any]:
    """What is known of pictures instead."""
    nothing = {"measured": 0, "pixel": None, "step": None, "series": 0, "patients": {}}
    return {"sources": (PICTURES,), "identified": False, **nothing}


def proposed(found: SeenScans, tmp_path: Path) -> Any:
    choices = choose(found)
    text = write_spec("mine", found, choices, open_proposer("ct").plan(found, choices))
    assert max(map(len, text.splitlines())) <= 100
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return load_file(path)


def test_measured_slices_have_windows_in_hounsfield_units_and_millimetres(tmp_path: Path) -> None:
    spec = proposed(seen(), tmp_path)
    assert [c.name for c in spec.transform.channels] == ["brain", "subdural", "bone", "mirror"]
    assert spec.transform.spacing == (2.0, 2.0)
    assert spec.privacy.input == "identified"
    assert spec.evaluation.folds == 5


def test_the_neighbours_that_are_offered_are_valid_channels(tmp_path: Path) -> None:
    proposed(seen(step=4.5), tmp_path)
    text = (tmp_path / "mine.yaml").read_text().replace("    # - {name", "    - {name")
    (tmp_path / "mine.yaml").write_text(text)
    spec: Any = load_file(tmp_path / "mine.yaml")
    assert [c.distance for c in spec.transform.channels if c.kind == "neighbour"] == [4.5, -4.5]


def test_pictures_have_no_units_and_are_open(tmp_path: Path) -> None:
    spec = proposed(seen(**opened()), tmp_path)
    assert [c.name for c in spec.transform.channels] == ["brain", "mirror", "contrast"]
    assert spec.transform.spacing is None
    assert "privacy" not in yaml.safe_load((tmp_path / "mine.yaml").read_text())


@pytest.mark.parametrize("patients", [{"0": 9, "1": 15}, {"0": 1, "1": 1}])
def test_few_patients_are_not_divided_into_folds_and_are_told_of(
    tmp_path: Path, patients: dict[str, int]
) -> None:
    found = seen(patients=patients)
    assert proposed(found, tmp_path).evaluation.folds is None
    notes = open_proposer("ct").plan(found, choose(found)).notes
    assert any(f"of {patients['0']} patients only" in note for note in notes)


def test_an_unknown_size_of_pixels_is_no_spacing(tmp_path: Path) -> None:
    assert proposed(seen(pixel=None, step=None), tmp_path).transform.spacing is None
