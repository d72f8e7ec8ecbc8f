"""What a spec may say of tables and arrays of pictures."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from millrace.workflow.registry import implementation, load
from millrace.workflow.sources import AnySource

SOURCES: list[dict[str, Any]] = [
    {"kind": "image_csv", "uri": "a.csv", "label": "digit", "size": [4, 5], "maximum": 1},
    {"kind": "image_csv", "uri": "a.csv", "label": None, "header": True, "delimiter": "\t"},
    {"kind": "image_csv", "uri": "a.csv", "pixels": {"first": "p0", "last": -1}},
    {"kind": "npy", "images": "x.npy", "labels": "y.npy", "layout": "channels_first"},
    {"kind": "npz", "uri": "a.npz", "images": "x", "labels": None},
    {"kind": "hdf5", "uri": "a.h5", "images": "a/b", "sha256": "0" * 64},
    {"kind": "parquet", "uri": "folder", "image": "img", "label": None, "channels": 3},
]
ANY: TypeAdapter[Any] = TypeAdapter(AnySource)


@pytest.mark.parametrize("fields", SOURCES, ids=lambda fields: fields["kind"])
def test_a_source_round_trips_and_has_a_reader(fields: dict[str, Any]) -> None:
    source = ANY.validate_python({"name": "made"} | fields)
    assert ANY.validate_python(source.model_dump(mode="json")) == source
    assert load(implementation("source", source.kind)).places


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("image_csv", "label", True),
        ("image_csv", "label", 1.5),
        ("image_csv", "header", "yes"),
        ("image_csv", "delimiter", ""),
        ("image_csv", "delimiter", ", "),
        ("image_csv", "delimiter", '"'),
        ("image_csv", "delimiter", "5"),
        ("image_csv", "size", [28]),
        ("image_csv", "size", [0, 28]),
        ("image_csv", "channels", 4),
        ("image_csv", "maximum", 0),
        ("image_csv", "maximum", float("inf")),
        ("image_csv", "pixels", {"first": 1}),
        ("npz", "layout", "planar"),
        ("npz", "sha256", "abc"),
        ("hdf5", "allow_pickle", True),
        ("parquet", "image", 3),
    ],
)
def test_a_wrong_value_is_refused(kind: str, field: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=field):
        ANY.validate_python({"name": "made", "kind": kind, "uri": "a", field: value})
