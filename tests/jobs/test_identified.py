"""Steps over identified DICOM: nobody can be told from anything outside the restricted store."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from dicom_files import PLANTED, ct
from millrace.artifacts.artifact import Artifact
from millrace.artifacts.reference import ArtifactRef
from millrace.artifacts.restricted import RestrictedStore
from millrace.artifacts.sealing.master_keys import new_key
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.errors import SpecError, Withheld
from millrace.jobs import steps
from millrace.jobs.forget import Forgetting
from millrace.jobs.verification import Verifier
from millrace.jobs.workflow_run import RunIdentity, WorkflowRun, start_run
from millrace.settings import Settings

SPEC = """\
version: 1
name: heads
task: ct_classification
sources: [{name: scans, kind: dicom, uri: FOLDER}]
transform: {size: [16, 16], channels: [{name: brain, kind: window, centre: 40, width: 80}]}
model: {kind: ct_resnet}
privacy: {originals: restricted}
encryption: ENCRYPTION
"""
NAME = "Zweifelstein_Hildegunde"


@pytest.fixture(params=[False, True], ids=["plain", "encrypted"])
def run(
    request: pytest.FixtureRequest, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> WorkflowRun:
    """A run over three slices of one patient, in a file each that is named by the patient."""
    monkeypatch.setenv("MILLRACE_PRIVACY_KEY", "5a" * 32)
    monkeypatch.setenv("MILLRACE_MASTER_KEY", new_key())
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path))
    monkeypatch.setenv("MILLRACE_RESTRICTED_STORE", (tmp_path / "restricted").as_uri())
    (tmp_path / "in").mkdir()
    for number in (1, 2, 3):
        (tmp_path / "in" / f"{NAME}_{number}.dcm").write_bytes(ct(number))
    text = SPEC.replace("FOLDER", str(tmp_path / "in"))
    (tmp_path / "heads.yaml").write_text(text.replace("ENCRYPTION", str(request.param).lower()))
    home.mkdir()
    with Catalog(Settings.load().catalog) as catalog:
        catalog.migrate()
    return start_run(RunIdentity("heads", "heads", "first"), {}, "manual")


def prepared(run: WorkflowRun) -> list[Any]:
    """Do the steps up to the canonical records; return what each gave: XComs."""
    partitions = steps.discover(run)
    given: list[Any] = [partitions]
    for partition in partitions:
        collected = steps.collect(run, partition)
        cleaned = steps.clean(run, partition, collected)
        given += [collected, cleaned, steps.transform(run, partition, cleaned)]
    run.catalog.runs.finish(run.id, "done")
    return given


def artifact(run: WorkflowRun, reference: Any) -> Artifact:
    return run.store.get(ArtifactRef.from_document(reference))


def test_collecting_lowers_the_label_and_nothing_else_does(run: WorkflowRun) -> None:
    _, collected, cleaned, formed = prepared(run)
    labels = [artifact(run, one).manifest.sensitivity for one in (collected, cleaned, formed)]
    assert labels == ["", "", ""]
    (found,) = (e.output for e in run.catalog.executions.of_run(run.id) if e.stage == "discover")
    assert found is not None
    assert run.store.get(found).manifest.sensitivity == "identified"
    shown = Store(run.settings.store, run.settings.home / "cache", shows=True)
    with pytest.raises(Withheld):
        _ = shown.get(found).facts


def test_nothing_that_was_planted_is_found_outside_the_restricted_store(
    run: WorkflowRun, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    given = prepared(run)
    texts = [json.dumps(given), caplog.text]
    for reference in given[1:]:
        found = artifact(run, reference)
        for name in found.manifest.files:
            path = found.path(name)
            if name.endswith(".parquet"):
                texts.append(str(pq.read_table(path).to_pylist()))
    data = [text.encode() for text in texts]
    data += [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and kept(path)]
    names = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if kept(path)]
    for planted in (*PLANTED, NAME):
        assert not any(planted.encode() in one for one in data), planted
        assert not any(planted in one for one in names), planted


def kept(path: Path) -> bool:
    """Whether a file is neither a source nor an original."""
    return path.parent.name != "in"


def test_the_originals_are_there_until_the_patient_is_forgotten(
    run: WorkflowRun, tmp_path: Path
) -> None:
    prepared(run)
    restricted = RestrictedStore.load(run.settings.home / "restricted")
    store = Store(run.settings.store, run.settings.home / "cache")
    work = Forgetting(run.settings, run.catalog, store, restricted)
    found = work.find("PID-4711-XY")
    assert (found.originals, found.records) == (3, 3)
    work.forget(found)
    assert not [path for path in (tmp_path / "restricted").rglob("*") if path.is_file()]
    assert not work.find("PID-4711-XY").anything
    again = start_run(RunIdentity("heads", "heads", "second"), {}, "manual")
    counts = [artifact(again, steps.collect(again, one)).ref.rows for one in steps.discover(again)]
    assert counts == [0]
    assert not [path for path in (tmp_path / "restricted").rglob("*") if path.is_file()]


def test_looking_again_at_a_run_keeps_no_original(run: WorkflowRun, tmp_path: Path) -> None:
    prepared(run)
    restricted = RestrictedStore.load(run.settings.home / "restricted")
    assert restricted is not None
    (patient,) = {path.parent.name for path in (tmp_path / "restricted").rglob("*.key")}
    assert restricted.forget(patient) == 3
    (tmp_path / "again").mkdir()
    work = Verifier(run.store, run.catalog, tmp_path / "again")
    found = list(work.verify(run.catalog.runs.get(run.id), ["collect"]))
    assert {one.state for one in found} == {"same", "skipped"}, found
    assert restricted.of_patient(patient) == []


def test_another_key_of_pseudonyms_is_refused_before_anything_is_read(
    run: WorkflowRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_PRIVACY_KEY", "5b" * 32)
    with pytest.raises(SpecError, match="pseudonyms would split"):
        start_run(RunIdentity("heads", "heads", "second"), {}, "manual")
    store = Store(run.settings.store, run.settings.home / "cache")
    with pytest.raises(SpecError, match="pseudonyms would split"):
        Forgetting(run.settings, run.catalog, store, None).find("PID-4711-XY")


def test_a_source_that_does_not_de_identify_stays_labelled_and_is_never_shown(
    run: WorkflowRun, tmp_path: Path
) -> None:
    document = {
        "version": 1,
        "name": "notes",
        "task": "image_classification",
        "sources": [{"name": "n", "kind": "sklearn"}],
        "transform": {"size": [8, 8], "channels": 1},
        "model": {"kind": "mlp"},
        "privacy": {"input": "identified"},
    }
    (tmp_path / "notes.yaml").write_text(json.dumps(document))
    notes = start_run(RunIdentity("notes", "notes", "first"), {}, "manual")
    (partition,) = steps.discover(notes)
    collected = steps.collect(notes, partition)
    cleaned = steps.clean(notes, partition, collected)
    assert artifact(notes, cleaned).manifest.sensitivity == "identified"
    with pytest.raises(Withheld, match="a prediction is refused"):
        steps.execute(notes, "predict", {"modality": "image", "file": "x"}, {"records": [cleaned]})
    shown = replace(notes, store=Store(notes.settings.store, tmp_path / "c", shows=True))
    with pytest.raises(Withheld):
        artifact(shown, cleaned).path("records.parquet")


def test_texts_are_de_identified_where_they_are_collected(run: WorkflowRun, tmp_path: Path) -> None:
    lines = ["note,kind,who", *["Frau Zweifelstein was here: 0171-5550199,a,Hildegunde"] * 9]
    (tmp_path / "Hildegunde.csv").write_text("\n".join([*lines, "x,b,y,z"]))
    document = {
        "version": 1,
        "name": "notes",
        "task": "text_classification",
        "sources": [
            {
                "name": "n",
                "kind": "delimited",
                "uri": str(tmp_path / "Hildegunde.csv"),
                "text": "note",
                "label": "kind",
                "group": "who",
            }
        ],
        "model": {"kind": "text_mlp"},
        "privacy": {"input": "identified"},
    }
    (tmp_path / "notes.yaml").write_text(json.dumps(document))
    told = start_run(RunIdentity("notes", "notes", "first"), {}, "manual")
    (partition,) = steps.discover(told)
    found = artifact(told, steps.collect(told, partition))
    assert found.manifest.sensitivity == ""
    good, *_, bad = pq.read_table(found.path("records.parquet")).to_pylist()
    assert good["content"] == b"Frau [NAME] was here: [PHONE]"
    assert (good["label"], good["origin"]) == ("a", "n#000000000")
    assert good["group"].startswith("P-")
    assert bad["content"] is None
    certificate = json.loads(found.path("certificate.json").read_bytes())
    assert certificate["records"]["stored"] == 9
    assert certificate["attributes"]["names of people"] == {"replaced": 9}
    assert certificate["limits"]
