"""The transform stage: each clean record of a partition to its canonical form. Drops nothing."""

from __future__ import annotations

from millrace.artifacts.tables import read_table, sliced, write_table
from millrace.data.modality import Within, open_modality
from millrace.workflow.stage import Counts, StageContext, StageResult


def run(context: StageContext) -> StageResult:
    """Transform the records of one partition.

    Parameters (keyed): ``modality``; ``transform``, the values of its transform. Input:
    ``records``, clean ones. Writes ``records.parquet``, see `millrace.data.schemas.canonical`.

    Raises:
        SpecError: the user's own function fails or changes the shape.
    """
    transform = dict(context.params["transform"])
    make = open_modality(context.params["modality"]).canonical(transform)
    path = context.one("records").path("records.parquet")
    if isinstance(make, Within):
        make = make.within(path)
    columns = [name for name in make.schema.names if name not in make.payload]
    tables = read_table(path, [*columns, "content", "encoding"])
    parts = (part for table in tables for part in sliced(table, make.rows))
    rows = write_table(context.output / "records.parquet", make.schema, map(make, parts))
    return StageResult(
        kind="records",
        rows=rows,
        facts={"records": dict(make.records), "transform": transform},
        counts=Counts(rows, rows),
    )
