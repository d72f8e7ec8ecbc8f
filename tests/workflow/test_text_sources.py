"""What specs may say of sources of texts, e-mails and rows."""

from __future__ import annotations

from typing import Any

import pytest

from text_sources import SOURCE, document


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("delimited", {"uri": "a.csv", "text": 1, "label": "class", "delimiter": "\t"}),
        ("jsonl", {"uri": "a.jsonl", "text": "body.text"}),
        ("text_folder", {"uri": "a", "encoding": "koi8-r", "label": "news"}),
        ("email", {"uri": "a.tar.bz2", "label": "spam", "group": "sender"}),
        ("sql", {"uri": "${DB}", "query": "SELECT 1 AS id", "key": "id"}),
        ("sql", {"connection": "shop-db.eu", "query": "SELECT 1 AS id", "key": "id"}),
        ("parquet", {"uri": "a.parquet", "rows": True, "label": None}),
        ("sample", {}),
        ("sklearn", {"dataset": "diabetes"}),
    ],
)
def test_a_source_is_the_same_when_written_and_read(kind: str, values: dict[str, Any]) -> None:
    source = SOURCE.validate_python({"name": "a", "kind": kind} | values)
    assert SOURCE.validate_python(source.model_dump(mode="json")) == source


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("delimited", {"uri": "a", "text": 0, "label": 0}, "different columns"),
        ("delimited", {"uri": "a", "delimiter": "\n"}, "delimiter"),
        ("delimited", {"uri": "a", "encoding": "base64"}, "text encoding"),
        ("delimited", {"uri": "a", "columns": [1]}, "columns"),
        ("jsonl", {"uri": "a", "text": "x", "group": "x"}, "different columns"),
        ("text_folder", {"uri": "a", "folder": "../b"}, "without"),
        ("email", {"uri": "a", "folder": "/b"}, "without"),
        ("email", {"uri": "a", "label": ""}, "label"),
        ("sql", {"query": "q", "key": "id"}, "either uri or connection"),
        ("sql", {"uri": "a", "connection": "b", "query": "q", "key": "id"}, "either uri or"),
        ("sql", {"connection": "a b", "query": "q", "key": "id"}, "connection"),
        ("sql", {"uri": "a", "query": "q"}, "key"),
        ("sample", {"dataset": "mail"}, "dataset"),
    ],
)
def test_a_source_that_cannot_be_right_is_refused(
    kind: str, values: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        document(kind, **values)
