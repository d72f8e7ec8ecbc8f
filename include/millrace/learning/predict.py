"""Stage `predict`: what a bundle says of every record of a table, in constant memory.

Labels need not be known. Nothing is judged here (`evaluate`) or delivered (`data.delivery`).
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from millrace.artifacts.tables import count_rows, write_table
from millrace.learning.bundle import Bundle
from millrace.learning.predictions import predict_table
from millrace.workflow.stage import Counts, StageContext, StageResult


def run(context: StageContext) -> StageResult:
    """Score the table ``params["file"]`` of every artifact of role ``records``.

    Raises:
        DataError: an artifact has no such file, or its records do not fit the bundle.
    """
    artifact = context.one("bundle")
    bundle = Bundle.open(artifact)
    paths = [records.path(context.params["file"]) for records in context.inputs["records"]]
    total = sum(count_rows(path) for path in paths)
    summary = bundle.target.summary()

    def predictions() -> Iterator[pa.Table]:
        rows = 0
        for path in paths:
            for table in predict_table(bundle, path):
                summary.add(table)
                rows += table.num_rows
                yield table
                context.report({"rows": rows, "total": total})

    schema = bundle.target.schema()
    rows = write_table(context.output / "predictions.parquet", schema, predictions())
    return StageResult(
        kind="predictions",
        rows=rows,
        facts={
            "labels": list(bundle.labels),
            "bundle": artifact.ref.digest,
            **summary.facts(),
        },
        counts=Counts(received=total, accepted=rows),
        metrics={"rows": float(rows)},
    )
