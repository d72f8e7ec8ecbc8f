"""What came from one patient is found by whatever holds it, goes, and is not collected again."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy

from millrace.artifacts.manifest import Manifest
from millrace.artifacts.reference import ArtifactRef
from millrace.artifacts.restricted import RestrictedStore
from millrace.artifacts.sealing.master_keys import new_key
from millrace.artifacts.store import Store
from millrace.artifacts.sweep import take_inventory
from millrace.artifacts.tables import write_table
from millrace.catalog.catalog import Catalog
from millrace.data.delivery import deliver
from millrace.data.schemas import RAW
from millrace.errors import DataError, SpecError, TransientError
from millrace.jobs import steps
from millrace.jobs.corrections import Corrections
from millrace.jobs.forget import Forgetting
from millrace.jobs.person import Found
from millrace.jobs.report_copies import copy_folder
from millrace.jobs.workflow_run import RunIdentity, WorkflowRun, start_run
from millrace.learning.predictions import predictions_schema
from millrace.privacy.keys import load_key
from millrace.privacy.pseudonyms import Pseudonyms
from millrace.settings import Settings

PATIENT = "ZQX-0815"
MARK = "xylophone quartz"
"""Words of the patient's own records: no byte of the installation may hold them afterwards."""

ROWS, THEIRS = 120, (3, 47, 50)

SPEC = """\
version: 1
name: notes
task: text_classification
labels: [a, b]
sources:
  - {name: mails, kind: delimited, uri: FILE, text: text, label: label, group: patient,
     partition_rows: 40}
transform: {}
model: {kind: text_mlp}
encryption: ENCRYPTION
"""


@pytest.fixture(params=[False, True], ids=["plain", "encrypted"])
def run(
    request: pytest.FixtureRequest, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> WorkflowRun:
    """A run of a workflow over notes of 21 patients, one of them to be forgotten."""
    monkeypatch.setenv("MILLRACE_PRIVACY_KEY", "ab" * 32)
    monkeypatch.setenv("MILLRACE_MASTER_KEY", new_key())
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path))
    monkeypatch.setenv("MILLRACE_RESTRICTED_STORE", (tmp_path / "restricted").as_uri())
    text = SPEC.replace("FILE", str(tmp_path / "notes.csv"))
    (tmp_path / "notes.yaml").write_text(text.replace("ENCRYPTION", str(request.param).lower()))
    lines = ["text,label,patient"]
    chance = random.Random(0)
    for number in range(ROWS):
        theirs = number in THEIRS
        words = " ".join("".join(chance.choices("abcdefghij", k=6)) for _ in range(8))
        patient = PATIENT if theirs else f"other-{number % 20}"
        lines.append(f"{MARK if theirs else ''} {words},{'ab'[number % 2]},{patient}")
    (tmp_path / "notes.csv").write_text("\n".join(lines) + "\n")
    home.mkdir()
    with Catalog(Settings.load().catalog) as catalog:
        catalog.migrate()
    return started("first")


def started(name: str) -> WorkflowRun:
    return start_run(RunIdentity("notes", "notes", name), {}, "manual")


def integrated(run: WorkflowRun) -> ArtifactRef:
    """Do all steps up to the data set."""
    partitions = steps.discover(run)
    collected = [steps.collect(run, one) for one in partitions]
    pairs = list(zip(partitions, collected, strict=True))
    cleaned = [steps.clean(run, one, ref) for one, ref in pairs]
    formed = [steps.transform(run, one, ref) for one, ref in zip(partitions, cleaned, strict=True)]
    made = steps.integrate(run, cleaned, formed)
    run.catalog.runs.finish(run.id, "done")
    return ArtifactRef.from_document(made)


def forgetting(run: WorkflowRun, workflow: str | None = None) -> Forgetting:
    restricted = RestrictedStore.load(run.settings.home / "restricted")
    store = Store(run.settings.store, run.settings.home / "cache")
    return Forgetting(run.settings, run.catalog, store, restricted, workflow)


def forget(run: WorkflowRun) -> Found:
    work = forgetting(run)
    found = work.find(PATIENT)
    work.forget(found)
    return found


def readable(run: WorkflowRun, folder: Path) -> Iterator[bytes]:
    """Yield every byte of the installation, tables decoded and objects decrypted."""
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".csv":
            yield path.read_bytes()
    with tempfile.TemporaryDirectory() as looking:
        store = Store(run.settings.store, Path(looking))
        for key in list(store.keys()):
            artifact = store.find(key)
            for name in artifact.manifest.files if artifact else ():
                path = artifact.path(name)  # type: ignore[union-attr]
                yield path.read_bytes()
                if name.endswith(".parquet"):
                    yield str(pq.read_table(path).to_pylist()).encode()


def holds(run: WorkflowRun, folder: Path, text: str) -> bool:
    return any(text.encode() in data for data in readable(run, folder))


def made_by(run: WorkflowRun, stage: str, dataset: ArtifactRef, tmp_path: Path) -> ArtifactRef:
    """Publish a result that a stage would make of the data set."""
    path = tmp_path / f"{stage}.json"
    path.write_text(json.dumps({"stage": stage}))
    key = stage.encode().hex().ljust(64, "0")
    manifest = Manifest(
        stage,
        key,
        {"x.json": run.store.put(path)},
        key_parts={"stage": stage},
        provenance={"inputs": {"dataset": [dataset.to_document()]}},
    )
    ref = run.store.publish(manifest).ref
    executions = run.catalog.executions
    began = executions.begin(
        run=run.id,
        stage=stage,
        partition=None,
        key=key,
        key_parts={},
        inputs=[],
        attempt=1,
        host="here",
    )
    executions.finish(
        began,
        "done",
        reason="first",
        output=ref,
        metrics={},
        seconds=1.0,
        peak_memory_bytes=None,
    )
    return ref


def test_everything_of_a_patient_goes_and_nothing_of_the_others(
    run: WorkflowRun, tmp_path: Path
) -> None:
    before = integrated(run)
    assert holds(run, tmp_path, MARK)
    found = forget(run)
    assert found.records == 3
    assert {"records", "dataset"} <= set(found.artifacts)
    assert not holds(run, tmp_path, MARK)
    assert not holds(run, tmp_path, PATIENT)
    again = started("second")
    after = integrated(again)
    assert not holds(again, tmp_path, MARK)
    assert (before.rows, after.rows) == (ROWS, ROWS - len(THEIRS))
    assert again.store.get(after).manifest.facts != {}


def test_a_dry_look_changes_nothing_and_what_is_found_twice_is_gone(
    run: WorkflowRun, tmp_path: Path
) -> None:
    integrated(run)
    listed = [item.entry.name for item in take_inventory(run.store.backend).items]
    assert forgetting(run).find(PATIENT).anything
    assert listed == [item.entry.name for item in take_inventory(run.store.backend).items]
    forget(run)
    assert not forgetting(run).find(PATIENT).anything


class Killed(BaseException):
    """What ends a process at once."""


@pytest.mark.parametrize("calls", [0, 1, 5])
def test_a_removal_that_was_killed_ends_when_it_is_repeated(
    run: WorkflowRun, tmp_path: Path, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = integrated(run)
    made_by(run, "evaluate", dataset, tmp_path)
    model = made_by(run, "train", dataset, tmp_path)
    run.catalog.models.register("notes", model, run.id, {})
    ids = sorted(name for _, name in forgetting(run).find(PATIENT).ids)
    add_prediction(run, tmp_path, [ids[0]])
    work = forgetting(run)
    with monkeypatch.context() as patched:
        patched.setattr(work.store.backend, "remove", killing(work.store.backend.remove, calls))
        with pytest.raises(Killed):
            work.forget(work.find(PATIENT))
    again = forget(run)
    assert again.records == len(THEIRS)
    assert again.models == ("notes:1",)
    assert delivered(run) == []
    assert not holds(run, tmp_path, MARK)
    assert not holds(run, tmp_path, ids[0])
    assert not forgetting(run).find(PATIENT).anything


def killing(remove: Any, calls: int) -> Any:
    """Return `remove` as it is until the process is killed in the midst of a call."""
    left = [calls]

    def at_last(names: Any) -> None:
        if not left[0]:
            remove(names[: len(names) // 2])
            raise Killed
        left[0] -= 1
        remove(names)

    return at_last


def test_models_that_saw_the_patient_are_named_and_stay_and_reports_go(
    run: WorkflowRun, tmp_path: Path
) -> None:
    dataset = integrated(run)
    model, report = (made_by(run, stage, dataset, tmp_path) for stage in ("train", "evaluate"))
    version = run.catalog.models.register("notes", model, run.id, {})
    run.catalog.models.decide("notes", version.version, "promoted", "good", "gate", run.id, None)
    copies = [copy_folder(run.settings.home, ref.digest) for ref in (report, model)]
    for folder in copies:
        folder.mkdir(parents=True)
        (folder / "examples.png").write_bytes(b"slices")
    found = forget(run)
    assert [folder.exists() for folder in copies] == [False, True]
    assert found.models == ("notes:1 (champion)",)
    assert run.store.find(model.key) is not None
    assert run.store.find(report.key) is None


def test_delivered_predictions_corrections_and_originals_go(
    run: WorkflowRun, tmp_path: Path
) -> None:
    integrated(run)
    ids = {name for _, name in forgetting(run).find(PATIENT).ids}
    theirs = sorted(ids)[0]
    other = "mails/000000000"
    corrections = Corrections("notes", run.catalog, run.store)
    known = corrections.known(run.id, {theirs, other})
    rows = [correction(known[name]) for name in (theirs, other)]
    corrections.record({"mails": rows})
    add_prediction(run, tmp_path, [theirs, other])
    original = tmp_path / "original"
    original.write_text(MARK)
    pseudonym = Pseudonyms(load_key()).patient(PATIENT)
    restricted = forgetting(run).restricted
    assert restricted is not None
    restricted.keep("notes", pseudonym, "S-1", original)
    original.unlink()
    found = forget(run)
    assert (found.originals, found.predictions) == (1, {"predictions": 1})
    assert restricted.of_patient(pseudonym) == []
    ((_, left),) = Corrections("notes", run.catalog, run.store).in_force()
    assert [row["record_id"] for row in left] == [other]
    assert delivered(run) == [other]
    assert not holds(run, tmp_path, theirs)


def correction(record: Any) -> dict[str, Any]:
    return {
        "record_id": record.record_id,
        "original": record.original,
        "label": "b",
        "content": None,
        "encoding": None,
    }


def add_prediction(run: WorkflowRun, folder: Path, ids: list[str]) -> None:
    columns: dict[str, Any] = {
        "record_id": ids,
        "source": ["mails"] * len(ids),
        "label": ["a"] * len(ids),
        "predicted": ["a"] * len(ids),
        "probability": [0.9] * len(ids),
        "content_digest": [bytes(16)] * len(ids),
        "probabilities": [[0.9, 0.1]] * len(ids),
    }
    schema = predictions_schema(["a", "b"])
    for name in set(schema.names) - set(columns):
        columns[name] = [False] * len(ids)
    path = folder / "predictions.parquet"
    write_table(path, schema, [pa.table(columns).select(schema.names)])
    deliver(
        path,
        run.settings.predictions,
        "predictions",
        workflow="notes",
        run_id="r",
        model_version=1,
        model_digest="d",
        batch_key="k",
    )
    path.unlink()


def delivered(run: WorkflowRun) -> list[str]:
    engine = sqlalchemy.create_engine(run.settings.predictions)
    with engine.connect() as connection:
        found = connection.execute(sqlalchemy.text("SELECT record_id FROM predictions"))
        names = sorted(found.scalars())
    engine.dispose()
    return names


def test_it_is_recorded_without_the_id(run: WorkflowRun, tmp_path: Path) -> None:
    integrated(run)
    forget(run)
    (entry,) = run.catalog.forgotten.history()
    assert entry.pseudonym == Pseudonyms(load_key()).patient(PATIENT)
    assert entry.counts["records"] == 3
    assert PATIENT not in str(entry)
    assert run.catalog.forgotten.pseudonyms("another") == [entry.pseudonym]


def test_who_is_forgotten_in_one_workflow_is_not_in_another(run: WorkflowRun) -> None:
    integrated(run)
    work = forgetting(run, "another")
    found = work.find(PATIENT)
    assert not found.anything
    work.forget(found)
    assert run.catalog.forgotten.pseudonyms("notes") == []
    assert integrated(started("second")).rows == ROWS


def test_while_a_run_is_at_work_nothing_goes(run: WorkflowRun) -> None:
    integrated(run)
    late = started("late")
    late.catalog.executions.begin(
        run=late.id,
        stage="clean",
        partition=None,
        key="ab" * 32,
        key_parts={},
        inputs=[],
        attempt=1,
        host="here",
    )
    with pytest.raises(TransientError, match="a run is at work"):
        forget(run)
    assert run.catalog.forgotten.history() == []
    assert forgetting(run).find(PATIENT).anything


def test_without_the_key_nobody_can_be_found_and_nothing_collected(
    run: WorkflowRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    integrated(run)
    forget(run)
    monkeypatch.delenv("MILLRACE_PRIVACY_KEY")
    with pytest.raises(SpecError, match="no key to make pseudonyms"):
        forgetting(run).find(PATIENT)
    with pytest.raises(SpecError, match="no key to make pseudonyms"):
        integrated(started("second"))


@pytest.mark.parametrize("workflow", [None, "notes"])
def test_under_another_key_nobody_who_was_forgotten_comes_back(
    run: WorkflowRun, workflow: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    integrated(run)
    work = forgetting(run, workflow)
    work.forget(work.find(PATIENT))
    monkeypatch.setenv("MILLRACE_PRIVACY_KEY", "cd" * 32)
    with pytest.raises(SpecError, match="pseudonyms would split"):
        started("second")


def test_what_cannot_be_read_is_told_instead_of_passed_over(
    run: WorkflowRun, tmp_path: Path
) -> None:
    integrated(run)
    for item in take_inventory(run.store.backend).of("object"):
        path = tmp_path / "home" / "store" / item.entry.name
        path.chmod(0o600)
        path.write_bytes(b"damaged")
    work = replace(forgetting(run), store=Store(run.settings.store, tmp_path / "cold"))
    with pytest.raises(DataError, match="nobody can be found"):
        work.find(PATIENT)


def test_records_have_a_group_to_be_found_by() -> None:
    assert "group" in RAW.names
