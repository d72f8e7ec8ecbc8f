"""JSON lines: every line is accounted for, and a field that is gone is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from millrace.data.growth import growth
from millrace.data.sources.reader import open_reader
from millrace.errors import DataError
from text_sources import document, read, rows

LINES = [
    {
        "meta": {"class": "ham" if n % 3 else "spam", "who": f"p{n % 4}"},
        "body": f"text {n} \u2028 é",
    }
    for n in range(30)
]


def source(folder: Path, lines: Any = LINES, **values: Any) -> dict[str, Any]:
    path = folder / "made.jsonl"
    data = b"\n".join(
        line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode()
        for line in lines
    )
    path.write_bytes(data + b"\n")
    named = {"text": "body", "label": "meta.class", "group": "meta.who"}
    return document("jsonl", path, **{**named, **values})


def test_fields_are_found_by_dotted_names(tmp_path: Path) -> None:
    table = read(source(tmp_path, partition_rows=7))
    assert [text.decode() for text in table["content"].to_pylist()] == [x["body"] for x in LINES]
    assert table["label"].to_pylist() == [x["meta"]["class"] for x in LINES]
    assert table["group"].to_pylist() == [x["meta"]["who"] for x in LINES]


def test_a_key_with_a_dot_comes_first(tmp_path: Path) -> None:
    lines = [{"a.b": "own", "a": {"b": "inner"}}]
    assert rows(source(tmp_path, lines, text="a.b", label=None, group=None))[0][1] == b"own"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"", "unreadable;no JSON object"),
        (b'{"body": "x"', "unreadable;no JSON object"),
        (b'["body"]', "unreadable;a JSON list instead of an object"),
        (b'{"meta": {}}', "unreadable;the field body is missing"),
        (b'{"body": null}', "unreadable;the field body is of type NoneType, not a text"),
        (b'{"body": 5}', "unreadable;the field body is of type int, not a text"),
        (b'{"body": "x", "meta": {"class": ["ham"]}}', "unreadable;a list in the place of a label"),
        (b'{"body": "x", "body": "y"}', "unreadable;two fields are named 'body'"),
        (b'{"body": "\\ud800"}', "unreadable;half a character, '\\ud800'"),
        (b'{"body": "caf\xe9"}', "bytes"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "unreadable;JSON that is nested too deeply"),
        (b'{"body": ' + b"9" * 5_000 + b"}", "unreadable;a number of too many digits"),
    ],
)
def test_a_bad_line_is_a_record_that_says_why(tmp_path: Path, line: bytes, said: str) -> None:
    table = read(source(tmp_path, [*LINES[:3], line, *LINES[3:]]))
    kinds = table["encoding"].to_pylist()
    assert kinds[3].startswith(said)
    assert kinds.count("text") == 30
    assert table["content"][3].as_py() == line


def test_objects_become_rows_with_their_types(tmp_path: Path) -> None:
    lines = [{"id": 1, "in": {"x": 1.5, "ok": True}, "y": None, "class": False, "w": "ü\n"}]
    asked = source(tmp_path, lines, text=None, label="class", group=None)
    ((label, content, kind),) = rows(asked)
    assert (label, kind) == ("0", "row")
    assert content == '{"id":1,"in.x":1.5,"in.ok":true,"y":null,"w":"ü\\n"}'.encode()


def test_numbers_that_json_has_not_are_null_and_a_text(tmp_path: Path) -> None:
    lines = [b'{"a": NaN, "b": -Infinity, "c": 1e999}', b'{"a": [1]}']
    asked = source(tmp_path, lines, text=None, label=None, group=None)
    assert [content for _, content, _ in rows(asked)] == [
        *(b'{"a":null,"b":"-Infinity","c":"Infinity"}', b'{"a": [1]}')
    ]
    assert read(asked)["encoding"][1].as_py() == "unreadable;a is of type list, not a single value"


@pytest.mark.parametrize(
    ("lines", "values", "said"),
    [
        ([b"[", b'{"body": 1},', b"]"], {}, r"not a file of JSON lines"),
        (
            LINES,
            {"text": "words"},
            r"text: a field is missing; expected meta, body; received words",
        ),
        (LINES, {"label": "meta.klass"}, r"label: a field is missing"),
        (["\ufeff".encode("utf-16")], {}, r"not in one encoding|not a file of JSON"),
    ],
)
def test_a_file_that_is_not_as_the_spec_says_is_refused(
    tmp_path: Path, lines: Any, values: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        open_reader(source(tmp_path, list(lines), **values)).partitions()


def test_a_file_that_grows_yields_new_partitions_only(tmp_path: Path) -> None:
    before = open_reader(source(tmp_path, LINES[:20], partition_rows=10)).partitions()
    after = open_reader(source(tmp_path, partition_rows=10)).partitions()
    (grown,) = growth([p.to_document() for p in before], [p.to_document() for p in after])
    assert (grown.kept, grown.new, grown.gone) == (2, (2,), 0)
