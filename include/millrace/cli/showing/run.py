"""A run: its parameters, its stages, why each was cached or not, and what they made."""

from __future__ import annotations

from millrace.catalog.records import ExecutionRecord, RunRecord
from millrace.cli.console import console
from millrace.cli.outcome import print_outcome
from millrace.cli.showing.sources import SHORT, Sources
from millrace.cli.tables import table
from millrace.errors import MillraceError, SpecError
from millrace.wording import duration, size

_RUNS = 10_000  # the latest ones among which a run id is looked for


def show(name: str | None) -> None:
    """Print the run with the catalog's number or Airflow's run id `name`; else the latest one."""
    with Sources() as sources:
        record = _find(sources, name)
        executions = sources.catalog.executions.of_run(record.id)
        gone = _gone(sources, executions)
    out = console()
    out.print(f"Run {record.id}", style="bold", end="")
    out.print(f": {record.dag_id} {record.run_id}, {record.state}")
    out.print(f"Workflow {record.workflow}, spec {record.spec_digest[:SHORT]}, ", end="")
    out.print(f"Millrace {record.version}, trigger {record.trigger}")
    out.print(f"Parameters: {dict(record.params) or 'none'}")
    if record.error is not None:
        out.print(f"Error: {MillraceError.from_document(dict(record.error))}")
    if record.kept is not None:
        out.print(f"Kept: {record.kept}")
    _stages(executions, gone)
    print_outcome(sources.settings, record.dag_id, record.run_id)


def _find(sources: Sources, name: str | None) -> RunRecord:
    runs = sources.catalog.runs
    if name is not None and name.isdecimal():
        return runs.get(int(name))
    latest = runs.latest(limit=1 if name is None else _RUNS)
    found = [record for record in latest if name in (None, record.run_id)]
    if found:
        return found[0]
    if name is None:
        raise SpecError("there are no runs yet", remedy="`millrace run digits` makes one.")
    raise SpecError("there is no such run", received=name, remedy="`millrace runs` lists them.")


def _gone(sources: Sources, executions: list[ExecutionRecord]) -> set[str]:
    """Return the keys of the artifacts that the store has no more."""
    keys = {one.output.key for one in executions if one.output is not None}
    return keys - set(sources.store.keys())


def _stages(executions: list[ExecutionRecord], gone: set[str]) -> None:
    rows = table("stage", "part", "state", "took", "memory", "output", "why")
    for one in executions:
        rows.add_row(
            one.stage,
            one.partition or "",
            one.state,
            "" if one.seconds is None else duration(one.seconds),
            "" if one.peak_memory_bytes is None else size(one.peak_memory_bytes),
            _output(one, gone),
            one.reason or "",
        )
    console().print(rows)


def _output(execution: ExecutionRecord, gone: set[str]) -> str:
    if execution.output is None:
        return ""
    digest = execution.output.digest[:SHORT]
    return f"{digest} (collected)" if execution.output.key in gone else digest
