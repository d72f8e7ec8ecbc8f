"""`ParquetColumns`: which columns of a Parquet file are what, told by its schema and the spec."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from millrace.data.sources.array_labels import label_texts, text_or_none
from millrace.data.sources.array_layout import ArrayLayout, find_layout
from millrace.data.sources.contents import label_of
from millrace.errors import DataError

IMAGE = "image"
"""The column of pictures, unless a spec says otherwise."""

_HUGGING_FACE = b"huggingface"


@dataclass(frozen=True)
class ParquetColumns:
    """How rows become records.

    Attributes:
        image, text, label, group: names of the columns; null where there is none.
        fields: names of the columns of a table's records; empty where rows are something else.
        names: class names by number; empty without them.
        layout: of lists of pixels; null where the rows hold something else.
    """

    image: str | None
    text: str | None
    fields: tuple[str, ...]
    label: str | None
    group: str | None
    names: tuple[str, ...]
    layout: ArrayLayout | None

    @property
    def wanted(self) -> list[str]:
        """The columns to read."""
        named = (self.image, self.text, *self.fields, self.label, self.group)
        return [name for name in named if name is not None]

    @property
    def holds_files(self) -> bool:
        """Whether rows are picture files."""
        return self.image is not None and self.layout is None

    def to_document(self) -> dict[str, Any]:
        """Return what decides how a row is read, as JSON values."""
        layout = self.layout and self.layout.to_document()
        return {"names": list(self.names), "layout": layout}

    def labels(self, column: pa.Array) -> list[str | None]:
        """Return labels as texts."""
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        values = column.to_pylist()
        if self.names and pa.types.is_integer(column.type):
            known = range(len(self.names))
            return [self.names[value] if value in known else None for value in values]
        if _is_text(column.type):
            return [None if value is None else text_or_none(value) for value in values]
        if self.image is None and pa.types.is_floating(column.type):
            return [label_of(value) for value in values]
        if column.null_count:
            column = column.cast(pa.float64(), safe=False)
        return label_texts(column.to_numpy(zero_copy_only=False))


def find_columns(
    schema: pa.Schema, first: Any, document: Mapping[str, Any], where: str
) -> ParquetColumns:
    """Return the `ParquetColumns` of a file.

    Args:
        schema: of the file. first: the first value of the image column that is not null, or None.
        document: values of `ParquetSource`. where: what errors call the file.

    Raises:
        DataError: a column is missing, or of a type that holds no pictures or labels.
    """
    image, text, label, group = (document[name] for name in ("image", "text", "label", "group"))
    if text is None and not document["rows"]:
        image = image or IMAGE
    for field, name in (("image", image), ("text", text), ("label", label), ("group", group)):
        if name is not None and schema.names.count(name) != 1:
            raise DataError(
                "a column is missing, or there are two",
                where=f"{where}, {field}",
                expected=", ".join(schema.names[:10]),
                received=name,
                remedy=f"Correct `{field}` in the source.",
            )
    for field, name in (("label", label), ("group", group)):
        if name is not None:
            _check_name(field, name, schema.field(name).type, where)
    names = () if label is None else _class_names(schema.metadata or {}, label)
    fields: tuple[str, ...] = ()
    layout = None
    if image is not None:
        layout = _layout(image, schema.field(image).type, first, document, where)
    elif text is not None:
        _check_text(text, schema.field(text).type, where)
    else:
        fields = _record_fields(schema, (label, group), where)
    return ParquetColumns(image, text, fields, label, group, names, layout)


def _layout(
    image: str, kind: pa.DataType, first: Any, document: Mapping[str, Any], where: str
) -> ArrayLayout | None:
    if _is_file(kind):
        return None
    if not _is_pixels(kind):
        raise _wrong_type("image", image, kind, "picture files or lists of pixels", where)
    shape = np.shape(first) if first is not None else ()
    return find_layout((1, *shape), _number_kind(kind), document, f"{where}, {image}")


def _check_text(text: str, kind: pa.DataType, where: str) -> None:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (_is_text(plain) or pa.types.is_null(plain)):
        raise _wrong_type("text", text, kind, "texts", where)


def _record_fields(schema: pa.Schema, beside: Sequence[str | None], where: str) -> tuple[str, ...]:
    """Return the columns of a table's records; raise `DataError` where one cannot be part of it."""
    names = [name for name in schema.names if name not in beside]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise DataError(
            "two columns of a table have one name",
            where=where,
            expected="a name of its own for each column",
            received=twice[0],
            remedy="Write the file again without one of them.",
        )
    for name in names:
        kind = schema.field(name).type
        if _is_list(kind) or _is_bytes(kind) or pa.types.is_map(kind):
            raise _wrong_type("rows", name, kind, "texts, numbers, truth values or dates", where)
    return tuple(names)


def _is_file(kind: pa.DataType) -> bool:
    """Whether a column of this type holds picture files."""
    if pa.types.is_struct(kind):
        place = kind.get_field_index("bytes")
        return place >= 0 and _is_bytes(kind.field(place).type)
    return _is_bytes(kind)


def _class_names(metadata: Mapping[bytes, bytes], label: str) -> tuple[str, ...]:
    """Return the class names of a label column that Hugging Face's metadata tells, if any."""
    try:
        features = json.loads(metadata[_HUGGING_FACE])["info"]["features"]
        feature = features[label]
        names = feature["names"] if "names" in feature else feature["feature"]["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return ()
    texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return tuple(names) if texts else ()


def _check_name(field: str, name: str, kind: pa.DataType, where: str) -> None:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    types = pa.types
    numbers = types.is_integer(plain) or types.is_floating(plain) or types.is_boolean(plain)
    if not (numbers or _is_text(plain) or types.is_null(plain)):
        raise _wrong_type(field, name, kind, "texts or numbers", where)


def _wrong_type(field: str, name: str, kind: Any, expected: str, where: str) -> DataError:
    return DataError(
        "a column is of the wrong type",
        where=f"{where}, {name}",
        expected=expected,
        received=str(kind),
        remedy="Write the file again without that column."
        if field == "rows"
        else f"Correct `{field}` in the source.",
    )


def _number_kind(kind: pa.DataType) -> str:
    """Return NumPy's letter and bytes of the numbers in a list type."""
    while _is_list(kind):
        kind = _plain(kind).value_type
    dtype = np.dtype(kind.to_pandas_dtype())
    return f"{dtype.kind}{dtype.itemsize}"


def _is_pixels(kind: pa.DataType) -> bool:
    if not _is_list(kind):
        return False
    while _is_list(kind):
        kind = _plain(kind).value_type
    types: Sequence[Any] = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    return any(is_kind(kind) for is_kind in types)


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _is_list(kind: pa.DataType) -> bool:
    kind = _plain(kind)
    types = pa.types
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind)
    )


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or _is_bytes(kind))
