"""A record's way through the stages: where it was accepted, refused, or found to be a duplicate."""

from __future__ import annotations

from collections.abc import Iterator

from millrace.catalog.records import ExecutionRecord
from millrace.cli.console import console
from millrace.cli.showing.rows import rows_of
from millrace.cli.showing.sources import SHORT, Sources
from millrace.cli.tables import table
from millrace.errors import SpecError

_FIELDS = ("origin", "group", "label", "split", "reason", "detail", "duplicate_of", "predicted")
_RUNS = 200  # the latest ones that are searched


def show(record_id: str) -> None:
    """Print every table of the latest run that holds the record."""
    with Sources() as sources:
        for run in sources.catalog.runs.latest(limit=_RUNS):
            executions = sources.catalog.executions.of_run(run.id)
            found = list(_places(sources, executions, record_id))
            if not found:
                continue
            console().print(record_id, style="bold", end="")
            console().print(f" in run {run.id} ({run.dag_id} {run.run_id})")
            rows = table("stage", "table", "artifact", "what it says")
            for row in found:
                rows.add_row(*row)
            console().print(rows)
            return
    raise SpecError(
        f"none of the newest {_RUNS} runs holds this record",
        expected="<source>/<locator>, as in the column record_id",
        received=record_id,
    )


def _places(
    sources: Sources, executions: list[ExecutionRecord], record_id: str
) -> Iterator[tuple[str, str, str, str]]:
    """Yield stage, file, artifact and the row's plain fields for every table with the record."""
    corrected = False
    for one in executions:
        partition = (one.partition or "").partition("/")[0]
        if one.output is None or (partition and not record_id.startswith(f"{partition}/")):
            continue
        if not corrected:
            found = list(_corrections(sources, one, record_id))
            corrected = bool(found)
            yield from found
        artifact = sources.store.find(one.output.key)
        if artifact is None:
            continue
        for name, row in rows_of(artifact, record_id, _FIELDS):
            text = ", ".join(f"{field} {row[field]}" for field in _FIELDS if row.get(field))
            yield one.stage, name, one.output.digest[:SHORT], text


def _corrections(
    sources: Sources, execution: ExecutionRecord, record_id: str
) -> Iterator[tuple[str, str, str, str]]:
    """Yield what a person changed of the record before it was cleaned."""
    for one in execution.inputs:
        artifact = sources.store.find(one.ref.key) if one.role == "corrections" else None
        if artifact is None:
            continue
        for name, row in rows_of(artifact, record_id, ("label", "encoding")):
            label = f"label {row['label']}" if row["label"] else ""
            content = "content replaced" if row["encoding"] else ""
            text = ", ".join(part for part in (label, content) if part)
            yield execution.stage, name, one.ref.digest[:SHORT], f"corrected by a person: {text}"
