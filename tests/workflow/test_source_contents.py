"""Every kind of source says what its records hold, and a workflow takes those of its task alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from millrace.errors import SpecError
from millrace.workflow.loader import load_file
from millrace.workflow.registry import BUILT_IN
from millrace.workflow.source_contents import contents_of
from text_sources import SOURCE

QUERY = {"uri": "sqlite:///a", "query": "SELECT 1", "key": "id"}
CASES: list[tuple[dict[str, Any], str | None]] = [
    ({"kind": "idx", "images": "a"}, "image"),
    ({"kind": "npy", "images": "a"}, "image"),
    *[({"kind": kind, "uri": "a"}, "image") for kind in ("cifar", "image_folder", "image_csv")],
    *[({"kind": kind, "uri": "a"}, "image") for kind in ("npz", "hdf5", "parquet")],
    ({"kind": "parquet", "uri": "a", "text": "b"}, "text"),
    ({"kind": "parquet", "uri": "a", "rows": True}, "table"),
    *[({"kind": kind, "uri": "a"}, "text") for kind in ("text_folder", "email")],
    *[({"kind": kind, "uri": "a"}, "table") for kind in ("delimited", "jsonl")],
    ({"kind": "delimited", "uri": "a", "text": 0}, "text"),
    ({"kind": "jsonl", "uri": "a", "text": "b"}, "text"),
    ({"kind": "sql", **QUERY}, "table"),
    ({"kind": "sql", **QUERY, "text": "b"}, "text"),
    ({"kind": "dicom", "uri": "a"}, "ct"),
    ({"kind": "sample"}, "text"),
    ({"kind": "sklearn"}, "image"),
    ({"kind": "sklearn", "dataset": "wine"}, "table"),
    ({"kind": "mine.sources:Reader"}, None),
]


@pytest.mark.parametrize(("values", "contents"), CASES)
def test_contents_are_told_by_the_spec(values: dict[str, Any], contents: str | None) -> None:
    assert contents_of(SOURCE.validate_python({"name": "a"} | values)) == contents


def test_no_kind_is_forgotten() -> None:
    assert {values["kind"] for values, _ in CASES if ":" not in values["kind"]} == set(
        BUILT_IN["source"]
    )


TEXTS = "version: 1\nname: a\ntask: text_classification\nmodel: {kind: text_cnn}\n"
PICTURES = "version: 1\nname: a\ntask: image_classification\nmodel: {kind: cnn}\n"
PICTURES += "transform: {size: [8, 8], channels: 1}\n"
ROWS = "version: 1\nname: a\ntask: tabular_classification\nmodel: {kind: table_mlp}\n"
ROWS += "transform: {columns: {age: {kind: numeric}}}\n"
MAIL = "{name: mail, kind: email, uri: a}"


@pytest.mark.parametrize(
    ("spec", "source", "words"),
    [
        (PICTURES, MAIL, "mail (email) gives texts"),
        (ROWS, MAIL, "mail (email) gives texts"),
        (TEXTS, "{name: sms, kind: delimited, uri: a}", "sms (delimited) gives records of a table"),
        (ROWS, "{name: db, kind: sql, uri: a, query: b, key: c, text: d}", "db (sql) gives texts"),
        (TEXTS, "{name: old, kind: sklearn}", "old (sklearn) gives pictures"),
    ],
)
def test_a_source_of_other_contents_is_refused(
    spec: str, source: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(f"{spec}sources: [{source}]\n")
    with pytest.raises(SpecError, match=r"a\.yaml:\d+: sources: .*expected sources of") as caught:
        load_file(tmp_path / "a.yaml")
    assert words in str(caught.value)


def test_sources_to_predict_hold_what_the_model_takes(tmp_path: Path) -> None:
    wrong = "predict: {sources: [{name: scans, kind: image_folder, uri: a}]}"
    (tmp_path / "a.yaml").write_text(f"{TEXTS}sources: [{MAIL}]\n{wrong}\n")
    with pytest.raises(SpecError, match=r"predict: .*scans \(image_folder\) gives pictures"):
        load_file(tmp_path / "a.yaml")


def test_a_source_of_a_users_own_may_hold_anything(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"{TEXTS}sources: [{{name: b, kind: 'mine.code:Reader'}}]\n")
    assert load_file(tmp_path / "a.yaml").sources[0].name == "b"
