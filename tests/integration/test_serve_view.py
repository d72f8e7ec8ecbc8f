"""Learning from records with labels, predicting those without: texts and records of tables."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from millrace.catalog.catalog import Catalog
from millrace.jobs.local_run import run_workflow
from millrace.jobs.steps import STEPS
from millrace.jobs.workflow_run import RunIdentity, start_run
from millrace.settings import Settings

pytestmark = pytest.mark.tensorflow

SPEC = """version: 1
name: small
task: {task}
sources: [{{name: known, kind: delimited, uri: "{folder}/known.csv", {columns}, label: kind}}]
{sections}
train: {{epochs: 2, batch_size: 16}}
baseline: {{kind: logistic}}
gate: {{accuracy: 0.0, latency_ms: 10000}}
predict: {{sources: [{{name: new, kind: delimited, uri: "{folder}/new.csv", {columns}}}]}}
"""
TEXTS = {
    "task": "text_classification",
    "columns": "text: what",
    "sections": "model: {kind: text_mlp, embedding: 4, pairs: 0, hidden: []}",
}
ROWS = {
    "task": "tabular_classification",
    "columns": "header: true",
    "sections": """transform:
  columns:
    age: {kind: numeric, low: 0, high: 200}
    what: {kind: category, categories: [one, two]}
model: {kind: table_mlp, hidden: [4]}""",
}


@pytest.fixture
def folder(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation without workflows."""
    (tmp_path / "specs").mkdir()
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path / "specs"))
    home.mkdir()
    with Catalog(Settings.load().catalog) as catalog:
        catalog.migrate()
    return tmp_path


def write(folder: Path, values: dict[str, str], known: list[str], new: list[str]) -> None:
    (folder / "known.csv").write_text("\n".join(["age,what,kind", *known]) + "\n")
    (folder / "new.csv").write_text("\n".join(["age,what", *new]) + "\n")
    text = SPEC.format(folder=folder, **values)
    (folder / "specs" / "small.yaml").write_text(text)


def served() -> tuple[dict[str, str], list[Any]]:
    """Train, predict what has no label; return predictions by record, and what was refused."""
    assert run_workflow("small", {})["decision"] == "promoted"
    run = start_run(RunIdentity("small", "small_predict", "p", "prediction"), {}, "test")
    refused = []
    for partition in STEPS["discover"](run):
        cleaned = STEPS["clean"](run, partition, STEPS["collect"](run, partition))
        refused.append(run.store.find(cleaned["key"]).facts["counts"]["quarantined"])
        records = STEPS["transform"](run, partition, cleaned)
        STEPS["predict"](run, records, "records.parquet", partition)
    run.catalog.close()
    with sqlite3.connect(Settings.load().home / "predictions.db") as database:
        rows = database.execute("select record_id, predicted from predictions where run_id = 'p'")
        found = dict(rows.fetchall())
    database.close()
    return found, refused


def test_texts_without_labels_are_predicted(folder: Path) -> None:
    draw = np.random.default_rng(0).integers(100, 160, (80, 12))
    known = [f"1,{' '.join(f'word{w}' for w in row)},{'ab'[n % 2]}" for n, row in enumerate(draw)]
    write(folder, TEXTS, known, ["1,what is this", "2,", "3,what is this"])
    predicted, refused = served()
    assert set(predicted) == {"new/000000000", "new/000000002"}
    assert set(predicted.values()) <= {"a", "b"}
    assert refused == [1]


def test_records_without_labels_are_predicted_even_of_unknown_categories(folder: Path) -> None:
    known = [f"{20 + n},{'one' if n % 3 else 'two'},{'ab'[n % 2]}" for n in range(90)]
    write(folder, ROWS, known, ["30,one", "31,three", "-1,one", "31,three"])
    predicted, refused = served()
    assert set(predicted) == {"new/000000000", "new/000000001", "new/000000003"}
    assert refused == [1]
