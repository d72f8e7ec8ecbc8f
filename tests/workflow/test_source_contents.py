"""Every kind of source says what its records hold."""

from __future__ import annotations

from typing import Any

import pytest

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
