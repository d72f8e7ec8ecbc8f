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
from millrace.errors import DataError

_HUGGING_FACE = b"huggingface"


@dataclass(frozen=True)
class ParquetColumns:
    """How rows become records.

    Attributes:
        image, label: names of the columns; label may be null.
        names: class names by number; empty without them.
        layout: of lists of pixels; null where the column holds picture files.
    """

    image: str
    label: str | None
    names: tuple[str, ...]
    layout: ArrayLayout | None

    @property
    def wanted(self) -> list[str]:
        """The columns to read."""
        return [name for name in (self.image, self.label) if name is not None]

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
    image, label = document["image"], document["label"]
    for field, name in (("image", image), ("label", label)):
        if name is not None and schema.names.count(name) != 1:
            raise DataError(
                "a column is missing, or there are two",
                where=f"{where}, {field}",
                expected=", ".join(schema.names[:10]),
                received=name,
                remedy=f"Correct `{field}` in the source.",
            )
    kind = schema.field(image).type
    if not (_is_file(kind) or _is_pixels(kind)):
        raise _wrong_type("image", image, kind, "picture files or lists of pixels", where)
    names: tuple[str, ...] = ()
    if label is not None:
        _check_label(label, schema.field(label).type, where)
        names = _class_names(schema.metadata or {}, label)
    layout = None
    if not _is_file(kind):
        shape = np.shape(first) if first is not None else ()
        layout = find_layout((1, *shape), _number_kind(kind), document, f"{where}, {image}")
    return ParquetColumns(image, label, names, layout)


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


def _check_label(label: str, kind: pa.DataType, where: str) -> None:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    types = pa.types
    numbers = types.is_integer(plain) or types.is_floating(plain) or types.is_boolean(plain)
    if not (numbers or _is_text(plain) or types.is_null(plain)):
        raise _wrong_type("label", label, kind, "texts or numbers", where)


def _wrong_type(field: str, name: str, kind: Any, expected: str, where: str) -> DataError:
    return DataError(
        "a column is of the wrong type",
        where=f"{where}, {name}",
        expected=expected,
        received=str(kind),
        remedy=f"Correct `{field}` in the source.",
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
