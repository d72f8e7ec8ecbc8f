"""Refused texts, e-mails and records of tables: listed, shown, exported, corrected, replayed."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.jobs.corrections import Corrections
from millrace.jobs.steps import STEPS
from millrace.jobs.workflow_run import RunIdentity, start_run
from millrace.settings import Settings

Write = Callable[[str], Path]

HEAD = "version: 1\nname: small\nclean: {budget: {default: 0.5}}\n"
TEXTS = """task: text_classification
sources: [{{name: sms, kind: delimited, uri: "{0}", label: 0, text: 1, header: false,
  delimiter: "\\t", quoting: false}}]
model: {{kind: text_mlp}}
"""
MAILS = """task: text_classification
sources: [{{name: mail, kind: email, uri: "{0}"}}]
model: {{kind: text_mlp}}
"""
ROWS = """task: tabular_classification
sources: [{{name: people, kind: delimited, uri: "{0}", label: kind}}]
transform:
  columns:
    age: {{kind: numeric, low: 0, high: 130}}
    city: {{kind: category, categories: [Bern, Rome]}}
model: {{kind: table_mlp}}
"""


@pytest.fixture
def specs(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return what writes the workflow `small`."""
    (tmp_path / "specs").mkdir()
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path / "specs"))
    home.mkdir()
    with Catalog(Settings.load().catalog) as catalog:
        catalog.migrate()

    def write(text: str) -> Path:
        path = tmp_path / "specs" / "small.yaml"
        path.write_text(HEAD + text)
        return path

    return write


def prepare(run_id: str) -> dict[str, Any]:
    """Run the stages up to the data set."""
    run = start_run(RunIdentity("small", "small", run_id), {}, "test")
    cleaned, made = [], []
    for partition in STEPS["discover"](run):
        cleaned.append(STEPS["clean"](run, partition, STEPS["collect"](run, partition)))
        made.append(STEPS["transform"](run, partition, cleaned[-1]))
    dataset: dict[str, Any] = STEPS["integrate"](run, cleaned, made)
    run.catalog.close()
    return dataset


def texts(tmp_path: Path) -> Path:
    draw = np.random.default_rng(0).integers(97, 123, (40, 60), np.uint8)
    lines = [
        f"{'spam' if n % 2 else 'ham'}\t{row.tobytes().decode()}" for n, row in enumerate(draw)
    ]
    path = tmp_path / "sms.tsv"
    path.write_bytes("\n".join([*lines, "ham\t\u200b", "ham"]).encode())
    return path


def mails(tmp_path: Path) -> Path:
    for number in range(40):
        path = tmp_path / "mail" / ("spam" if number % 2 else "ham") / str(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Subject: about {number}\nFrom: a@b.example\n\nWords of {number}.\n")
    (tmp_path / "mail" / "ham" / "none").write_text("Subject:\nFrom: a@b.example\n\n\n")
    return tmp_path / "mail"


def people(tmp_path: Path) -> Path:
    lines = [f"{20 + n},{'Rome' if n % 3 else 'Bern'},{'ab'[n % 2]}" for n in range(40)]
    wrong = ["-3,Oslo,a", "old,Rome,b"]
    path = tmp_path / "people.csv"
    path.write_text("\n".join(["age,city,kind", *lines, *wrong]) + "\n")
    return path


def exported(millrace: Any, folder: Path) -> list[dict[str, str]]:
    code, _, err = millrace("quarantine", "export", "small", str(folder))
    assert (code, err) == (0, "")
    with (folder / "records.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def replayed(millrace: Any, folder: Path) -> str:
    code, out, err = millrace("quarantine", "replay", "small", str(folder))
    assert (code, err) == (0, "")
    return str(out)


def test_the_fields_that_a_record_broke_are_named(
    millrace: Any, specs: Write, tmp_path: Path
) -> None:
    specs(ROWS.format(people(tmp_path)))
    prepare("one")
    out = " ".join(millrace("quarantine", "small")[1].split())
    assert "refused 2 of 42" in out
    found = json.loads(millrace("quarantine", "small", "--json")[1])["records"]
    assert found[0]["detail"] == "age: -3 is below 0; city: 'Oslo' is none of the list"
    assert found[1]["detail"] == "age: 'old' is no number"


@pytest.mark.parametrize(
    ("spec", "made", "said"),
    [(TEXTS, texts, "2 texts"), (MAILS, mails, "1 text"), (ROWS, people, "2 records")],
)
def test_a_sheet_shows_what_was_refused(
    millrace: Any, specs: Write, tmp_path: Path, spec: str, made: Any, said: str
) -> None:
    specs(spec.format(made(tmp_path)))
    prepare("one")
    code, out, err = millrace("quarantine", "show", "small", "-o", str(tmp_path / "x.png"))
    assert (code, err) == (0, "")
    assert f"{said}." in out
    with Image.open(tmp_path / "x.png") as image:
        assert image.width > 200


@pytest.mark.parametrize(("spec", "made"), [(TEXTS, texts), (MAILS, mails), (ROWS, people)])
def test_an_export_as_it_is_says_nothing_new(
    millrace: Any, specs: Write, tmp_path: Path, spec: str, made: Any
) -> None:
    specs(spec.format(made(tmp_path)))
    prepare("one")
    exported(millrace, tmp_path / "out")
    assert "Corrected: 0 records" in replayed(millrace, tmp_path / "out")


def test_a_text_is_corrected_in_its_file(millrace: Any, specs: Write, tmp_path: Path) -> None:
    specs(TEXTS.format(texts(tmp_path)))
    before = prepare("one")
    rows = exported(millrace, tmp_path / "out")
    assert [row["reason"] for row in rows] == ["empty", "undecodable"]
    for row in rows:
        assert row["file"].endswith(".txt")
        (tmp_path / "out" / row["file"]).write_text(f"written anew: {row['reason']}")
    (tmp_path / "out" / "records.csv").write_text(
        "record_id,label,file\n" + "".join(f"{r['record_id']},ham,{r['file']}\n" for r in rows)
    )
    assert "2 texts)" in replayed(millrace, tmp_path / "out")
    assert prepare("two")["rows"] == before["rows"] + 2
    assert "refused 0 of 42" in millrace("quarantine", "small")[1]


def test_an_email_stays_one_when_it_is_corrected(
    millrace: Any, specs: Write, tmp_path: Path
) -> None:
    specs(MAILS.format(mails(tmp_path)))
    before = prepare("one")
    (row,) = exported(millrace, tmp_path / "out")
    assert row["file"].endswith(".eml")
    (tmp_path / "out" / row["file"]).write_text("Subject: now\n\n=48ello", newline="")
    replayed(millrace, tmp_path / "out")
    assert prepare("two")["rows"] == before["rows"] + 1


def test_a_record_of_a_table_is_corrected_field_by_field(
    millrace: Any, specs: Write, tmp_path: Path
) -> None:
    specs(ROWS.format(people(tmp_path)))
    before = prepare("one")
    first, second = exported(millrace, tmp_path / "out")
    path = tmp_path / "out" / first["file"]
    record = json.loads(path.read_text())
    assert record == {"age": "-3", "city": "Oslo"}
    path.write_text(json.dumps(record | {"age": 3, "city": "Rome"}))
    (tmp_path / "out" / second["file"]).write_text("{no json")
    code, _, err = millrace("quarantine", "replay", "small", str(tmp_path / "out"))
    assert code != 0
    assert "cannot be read as a record" in err
    (tmp_path / "out" / second["file"]).write_text('{"age": 30, "city": "Rome"}')
    assert "2 records)" in replayed(millrace, tmp_path / "out")
    assert prepare("two")["rows"] == before["rows"] + 2


IDENTIFIED = "privacy: {input: identified}\n"
NAMED = "Dear Kunigunde, call 0171-5550199 about the knee."


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_PRIVACY_KEY", "5a" * 32)


def stored() -> bytes:
    """Return the contents of all tables of the store."""
    settings = Settings.load()
    store = Store(settings.store, settings.home / "cache")
    found = [one for one in map(store.find, list(store.keys())) if one is not None]
    paths = [
        one.path(name) for one in found for name in one.manifest.files if name.endswith(".parquet")
    ]
    return str([pq.read_table(path).to_pylist() for path in paths]).encode()


def test_a_corrected_text_of_identified_input_goes_through_the_recognisers(
    millrace: Any, specs: Write, tmp_path: Path, key: None
) -> None:
    specs(IDENTIFIED + TEXTS.format(texts(tmp_path)))
    before = prepare("one")
    rows = exported(millrace, tmp_path / "out")
    listed = [f"{row['record_id']},ham,text.txt" for row in rows[:1]]
    (tmp_path / "out" / "records.csv").write_text("\n".join(["record_id,label,file", *listed]))
    (tmp_path / "out" / "text.txt").write_text(NAMED)
    assert "1 text)" in replayed(millrace, tmp_path / "out")
    assert prepare("two")["rows"] == before["rows"] + 1
    assert b"Dear [NAME], call [PHONE] about the knee." in stored()
    assert b"Kunigunde" not in stored()


def test_a_label_of_identified_input_that_looks_like_a_name_is_refused(
    millrace: Any, specs: Write, tmp_path: Path, key: None
) -> None:
    specs(IDENTIFIED + TEXTS.format(texts(tmp_path)))
    prepare("one")
    row = exported(millrace, tmp_path / "out")[0]
    (tmp_path / "out" / "records.csv").write_text(f"record_id,label\n{row['record_id']},Mr Smith\n")
    code, _, err = millrace("quarantine", "replay", "small", str(tmp_path / "out"))
    assert code != 0
    assert "looks like a name" in err


def test_a_corrected_record_of_an_identified_table_keeps_what_is_stored_and_no_more(
    millrace: Any, specs: Write, tmp_path: Path, key: None
) -> None:
    privacy = "privacy: {input: identified, columns: {note: recognise, ward: pseudonymise}}\n"
    path = people(tmp_path)
    head, *lines = path.read_text().splitlines()
    path.write_text("\n".join([f"{head},note,ward", *(f"{one},fine,west" for one in lines)]))
    specs(privacy + ROWS.format(path))
    prepare("one")
    first = exported(millrace, tmp_path / "out")[0]
    file = tmp_path / "out" / first["file"]
    record = json.loads(file.read_text())
    assert record["ward"].startswith("V-")
    changed = {"age": 3, "city": "Rome", "note": NAMED, "name": "Kunigunde"}
    file.write_text(json.dumps(record | changed))
    assert "1 record)" in replayed(millrace, tmp_path / "out")
    prepare("two")
    made = stored().decode()
    assert "Kunigunde" not in made
    assert "Dear [NAME], call [PHONE]" in made
    ((_, (row,)),) = corrections()
    assert json.loads(row["content"])["ward"] == record["ward"]


def corrections() -> list[Any]:
    settings = Settings.load()
    with Catalog(settings.catalog) as catalog:
        return Corrections("small", catalog, Store(settings.store)).in_force()
