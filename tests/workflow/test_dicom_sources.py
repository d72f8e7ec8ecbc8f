"""What a spec may say of DICOM sources and of privacy."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from millrace.workflow.dicom_sources import DicomSource
from millrace.workflow.privacy import Privacy


def source(**values: Any) -> DicomSource:
    return DicomSource(**{"name": "scans", "kind": "dicom", "uri": "in"} | values)


def test_a_source_needs_no_more_than_a_place() -> None:
    made = source()
    assert (made.labels, made.labels_by, made.modalities, made.localisers) == (
        *(None, "file", ()),
        "leave_out",
    )


@pytest.mark.parametrize(
    "values",
    [
        {"modalities": ["ct"]},
        {"labels_by": "name"},
        {"folder": "../outside"},
        {"localisers": "refuse"},
        {"sha256": "12"},
        {"privacy": {}},
    ],
)
def test_what_it_does_not_know_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        source(**values)


def test_privacy_is_strict_unless_it_is_told_otherwise() -> None:
    made = Privacy()
    assert (made.burned_in, made.originals, made.retain_dates) == (
        *("quarantine", "discard"),
        "shifted",
    )
    assert not made.retain_safe_private
    assert not made.retain_patient_characteristics


@pytest.mark.parametrize("values", [{"profile": "none"}, {"retain_dates": "full"}, {"input": "x"}])
def test_privacy_knows_no_door_that_is_open(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Privacy(**values)
