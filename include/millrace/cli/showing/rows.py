"""`rows_of`: the rows of one record in the tables of an artifact, a row group at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow.compute as pc

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import read_schema, read_table


def rows_of(
    artifact: Artifact, record_id: str, fields: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the table's file name and the row for each table that holds the record.

    Args:
        artifact: whose tables are searched.
        record_id: value of the column `record_id`.
        fields: columns of interest; those that a table lacks are left out.
    """
    for name in sorted(artifact.manifest.files):
        if not name.endswith(".parquet"):
            continue
        path = artifact.path(name)
        columns = [c for c in ("record_id", *fields) if c in read_schema(path).names]
        if "record_id" not in columns:
            continue
        for group in read_table(path, columns):
            for row in group.filter(pc.equal(group["record_id"], record_id)).to_pylist():
                yield name, row
