"""Originals of DICOM sources: kept encrypted, by pseudonyms, where the workflow says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dicom_files import ct
from millrace.artifacts.restricted import RestrictedStore
from millrace.artifacts.sealing.master_keys import new_key
from millrace.data.sources.reader import keyed, open_reader
from millrace.errors import SpecError
from millrace.privacy.keys import load_key
from millrace.privacy.pseudonyms import Pseudonyms
from millrace.workflow.dicom_sources import DicomSource

PATIENT = "ZQX-0815"


@pytest.fixture
def restricted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RestrictedStore:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MILLRACE_PRIVACY_KEY", "5a" * 32)
    monkeypatch.setenv("MILLRACE_MASTER_KEY", new_key())
    monkeypatch.setenv("MILLRACE_RESTRICTED_STORE", (tmp_path / "restricted").as_uri())
    found = RestrictedStore.load(tmp_path / "scratch")
    assert found is not None
    return found


def source(tmp_path: Path, **privacy: Any) -> dict[str, Any]:
    (tmp_path / "in").mkdir(exist_ok=True)
    (tmp_path / "in" / "Doe_Jane.dcm").write_bytes(ct(1, PatientID=PATIENT))
    said = DicomSource(name="scans", kind="dicom", uri=str(tmp_path / "in"))
    return said.model_dump(mode="json") | {"privacy": privacy, "workflow": "head"}


def read(document: dict[str, Any]) -> None:
    for part in open_reader(document).partitions():
        list(open_reader(document).read(part))


def test_an_original_is_kept_as_it_was_and_found_by_the_patients_pseudonym(
    tmp_path: Path, restricted: RestrictedStore
) -> None:
    read(source(tmp_path, originals="restricted"))
    pseudonym = Pseudonyms(load_key()).patient(PATIENT)
    (name,) = (n for n in restricted.of_patient(pseudonym, "head") if not n.endswith(".key"))
    restricted.fetch("head", pseudonym, name.rpartition("/")[2], tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == ct(1, PatientID=PATIENT)


def test_no_byte_and_no_name_outside_it_shows_the_patient(
    tmp_path: Path, restricted: RestrictedStore
) -> None:
    read(source(tmp_path, originals="restricted"))
    found = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "in"]
    assert found
    for path in found:
        assert PATIENT.encode() not in path.read_bytes()
        assert "Doe" not in str(path.relative_to(tmp_path))


def test_unless_the_workflow_says_so_none_is_kept(
    tmp_path: Path, restricted: RestrictedStore
) -> None:
    read(source(tmp_path))
    assert not (tmp_path / "restricted").exists()


def test_without_a_restricted_store_none_is_read(
    tmp_path: Path, restricted: RestrictedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MILLRACE_RESTRICTED_STORE")
    with pytest.raises(SpecError, match="no restricted store"):
        open_reader(source(tmp_path, originals="restricted"))


def test_how_records_are_de_identified_is_keyed_and_the_workflow_is_not(
    tmp_path: Path, restricted: RestrictedStore
) -> None:
    values = keyed(source(tmp_path, burned_in="keep"))
    assert values["privacy"] == {"burned_in": "keep"}
    assert "workflow" not in values
