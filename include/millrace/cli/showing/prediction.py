"""The predictions of a record: by which model version, in which run, with which probability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.catalog.records import PredictionBatch
from millrace.cli.console import console
from millrace.cli.showing.rows import rows_of
from millrace.cli.showing.sources import SHORT, Sources
from millrace.cli.tables import table
from millrace.errors import SpecError

_BATCHES = 500  # the latest ones that are searched


def show(record_id: str) -> None:
    """Print every prediction of the record, newest first, with what it was made of."""
    rows = table("workflow", "version", "predicted", "probability", "label", "run", "scored")
    with Sources() as sources:
        for batch in sources.catalog.batches.latest(limit=_BATCHES):
            artifact = sources.store.find(batch.predictions.key)
            if artifact is None:
                continue
            for _, row in rows_of(artifact, record_id, ("predicted", "probability", "label")):
                rows.add_row(*_cells(batch, row))
    if not rows.row_count:
        raise SpecError(
            f"none of the newest {_BATCHES} batches of predictions holds this record",
            expected="<source>/<locator>, as in the column record_id",
            received=record_id,
        )
    console().print(rows)
    console().print("What a model is made of: `millrace show model <workflow>:<version>`.")


def _cells(batch: PredictionBatch, row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        batch.workflow,
        str(batch.model_version),
        str(row["predicted"]),
        "" if row.get("probability") is None else f"{row['probability']:.4f}",
        row.get("label") or "",
        "" if batch.run is None else str(batch.run),
        batch.source_digest[:SHORT],
    )
