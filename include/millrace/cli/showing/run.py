"""A run: its parameters, its stages, why each was cached or not, and what they made."""

from __future__ import annotations

from millrace.catalog.records import ExecutionRecord, RunRecord
from millrace.cli.console import console
from millrace.cli.outcome import print_outcome
from millrace.cli.showing.sources import SHORT, Sources
from millrace.cli.tables import table
from millrace.errors import MillraceError, SpecError
from millrace.wording import duration, size


def show(name: str) -> None:
    """Print the run with the catalog's number `name`, or with Airflow's run id `name`."""
    with Sources() as sources:
        record = _find(sources, name)
        executions = sources.catalog.executions.of_run(record.id)
    out = console()
    out.print(f"[bold]Run {record.id}[/]: {record.dag_id} {record.run_id}, {record.state}")
    out.print(f"Workflow {record.workflow}, spec {record.spec_digest[:SHORT]}, ", end="")
    out.print(f"Millrace {record.version}, trigger {record.trigger}")
    out.print(f"Parameters: {dict(record.params) or 'none'}", markup=False)
    if record.error is not None:
        out.print(f"Error: {MillraceError.from_document(dict(record.error))}", markup=False)
    _stages(executions)
    print_outcome(sources.settings, record.dag_id, record.run_id)


def _find(sources: Sources, name: str) -> RunRecord:
    runs = sources.catalog.runs
    if name.isdecimal():
        return runs.get(int(name))
    found = [record for record in runs.latest(limit=10_000) if record.run_id == name]
    if not found:
        raise SpecError("there is no such run", received=name, remedy="`millrace runs` lists them.")
    return found[0]


def _stages(executions: list[ExecutionRecord]) -> None:
    rows = table("stage", "partition", "state", "took", "memory", "output", "why")
    for one in executions:
        rows.add_row(
            one.stage,
            one.partition or "",
            one.state,
            "" if one.seconds is None else duration(one.seconds),
            "" if one.peak_memory_bytes is None else size(one.peak_memory_bytes),
            "" if one.output is None else one.output.digest[:SHORT],
            one.reason or "",
        )
    console().print(rows)
