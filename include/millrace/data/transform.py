"""The transform stage: each clean record of a partition to its canonical form. Drops nothing."""

from __future__ import annotations

from math import prod

import numpy as np
import pyarrow as pa

from millrace.artifacts.tables import GROUP_BYTES, images_to_column, read_table, sliced, write_table
from millrace.data.decoding import decode
from millrace.data.schemas import canonical
from millrace.data.transforms.canonical import Canonical
from millrace.errors import DataError
from millrace.workflow.stage import Counts, StageContext, StageResult


def run(context: StageContext) -> StageResult:
    """Transform the records of one partition.

    Parameters (keyed): the values of `ImageTransform`. Input: ``records`` (CLEAN). Writes
    ``records.parquet``, see `millrace.data.schemas.canonical`.

    Raises:
        SpecError: the user's own function fails or changes the shape.
    """
    make = Canonical(context.params)
    path = context.one("records").path("records.parquet")
    step = max(1, GROUP_BYTES // prod(make.shape))
    columns = [*canonical(make.shape).names[:-1], "content", "encoding"]
    parts = (part for table in read_table(path, columns) for part in sliced(table, step))
    tables = (_canonical(part, make) for part in parts)
    rows = write_table(context.output / "records.parquet", canonical(make.shape), tables)
    return StageResult(
        kind="records",
        rows=rows,
        facts={"shape": list(make.shape), "transform": dict(context.params)},
        counts=Counts(rows, rows),
    )


def _canonical(table: pa.Table, make: Canonical) -> pa.Table:
    decoded = decode(table["content"], table["encoding"])
    if decoded.failures:
        raise DataError("a clean record holds no pixels", received=decoded.failures)
    if len(decoded.groups) == 1:
        (group,) = decoded.groups
        images = make(group.images, group.encoding.maximum)
    else:
        images = np.zeros((table.num_rows, *make.shape), np.uint8)
        for group in decoded.groups:
            images[group.rows] = make(group.images, group.encoding.maximum)
    kept = table.drop_columns(["content", "encoding"])
    return kept.append_column("image", images_to_column(images))
