"""`find_parquet`: Parquet files of pictures, texts or records, told by their columns."""

from __future__ import annotations

from typing import Any

from millrace.data.sources.files import open_source
from millrace.data.sources.row_json import flat
from millrace.data.survey.found import Asked, Found, source
from millrace.data.survey.roles import LABELS, PICTURES, TABLE, TEXT, Column, find_roles
from millrace.errors import DataError

_ROWS = 1_000  # that are looked at
_IMAGES = ("image", "img", "images", "picture", "photo", "pixels")


def find_parquet(uri: str, stem: str, sample: str, asked: Asked) -> Found:
    """Return the source of Parquet files.

    Args:
        sample: one of the files.

    Raises:
        DataError: its rows are no pictures, and neither texts nor records with a label.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(open_source(sample).path)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError("not a readable Parquet file", where=sample, received=error) from error
    pictures = [f.name for f in schema if _holds_pictures(f.type)]
    if not pictures or not asked.allows(PICTURES):
        return _find_columns(uri, stem, sample, asked)
    image = next((n for n in pictures if n.lower() in _IMAGES), pictures[0])
    others = [field.name for field in schema if field.name not in pictures]
    label = next((n for n in others if n.lower() in LABELS), others[0] if others else None)
    document = source(stem, "parquet", uri=uri, image=image)
    document["label"] = label if asked.label is None else asked.label
    return Found("Parquet", (document,))


def _find_columns(uri: str, stem: str, sample: str, asked: Asked) -> Found:
    """Return the source of Parquet files of texts or records."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not asked.allows(TEXT) and not asked.allows(TABLE):
        raise DataError("no column of pictures", where=sample)
    try:
        with pq.ParquetFile(open_source(sample).path) as file:
            batch = next(file.iter_batches(batch_size=_ROWS), None)
            found = [] if batch is None else [dict(flat(row)) for row in batch.to_pylist()]
    except (OSError, pa.ArrowException, ValueError) as error:
        raise DataError("not a readable Parquet file", where=sample, received=error) from error
    names = dict.fromkeys(name for row in found for name in row)
    roles = find_roles(
        [Column(name, name, [row.get(name) for row in found]) for name in names], asked, sample
    )
    document = source(
        stem,
        "parquet",
        uri=uri,
        text=roles.text,
        rows=True if roles.text is None else None,
        label=roles.label,
    )
    words = "a text" if roles.modality == TEXT else "a record"
    text = f"Parquet with {words} a row, the label in the column {roles.told}"
    return Found(text, (document,), roles.modality, roles.notes)


def _holds_pictures(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return any(kind.field(i).name == "bytes" for i in range(kind.num_fields))
    kinds = pa.types
    lists = (kinds.is_list, kinds.is_large_list, kinds.is_fixed_size_list)
    return any(fits(kind) for fits in (*lists, kinds.is_binary, kinds.is_large_binary))
