"""`print_failure`: which task of a run failed, why, and where its log is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from millrace.catalog.records import ExecutionRecord
from millrace.cli.console import console
from millrace.cli.run_view import RunView, stage_of
from millrace.errors import ExitCode, MillraceError
from millrace.orchestration.embedded.tail import tail

_LINES = 8  # of the log, where nothing better is known


def print_failure(
    run: RunView,
    executions: Iterable[ExecutionRecord],
    parts: Callable[[str], Sequence[str]],
    logs: Path,
) -> ExitCode:
    """Print the first task that failed; return the exit code that tells whether a retry helps.

    Args:
        run: that ended.
        executions: its stage executions, for the error's own sentence.
        parts: returns what a group of tasks is mapped over, in the order of Airflow's map index.
        logs: Airflow's folder of task logs.
    """
    out = console()
    failed = [one for one in run.instances if one.get("state") == "failed"]
    if not failed:
        out.print(f"{run.dag_id} {run.run_id} {run.state}.", style="red")
        return ExitCode.BUG
    first = min(failed, key=lambda one: str(one.get("end_date")))
    log = log_path(logs, first)
    group = str(first["task_id"]).rpartition(".")[0]
    part = _part(first, parts(group))
    place = "" if part is None else f" {group} {part}"
    out.print(f"{first['task_id']}{place} failed: ", style="red", end="")
    error = _error(first, part, executions)
    out.print(str(error or f"the log ends with\n{_ending(log)}"))
    out.print(f"Log: {log}")
    if len(failed) > 1:
        out.print(f"{len(failed) - 1} more tasks failed.")
    return ExitCode.BUG if error is None else error.exit_code


def log_path(logs: Path, instance: Mapping[str, Any]) -> Path:
    """Return where Airflow keeps the log of a task instance's last attempt."""
    folder = (
        logs
        / f"dag_id={instance['dag_id']}"
        / f"run_id={instance['dag_run_id']}"
        / f"task_id={instance['task_id']}"
    )
    if instance["map_index"] >= 0:
        folder /= f"map_index={instance['map_index']}"
    return folder / f"attempt={instance['try_number']}.log"


def _part(instance: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """Return the name of what a mapped task was for, or its number where no name is known."""
    index = int(instance["map_index"])
    if index < 0:
        return None
    return names[index] if index < len(names) else str(index)


def _error(
    instance: Mapping[str, Any], part: str | None, executions: Iterable[ExecutionRecord]
) -> MillraceError | None:
    """Return the error that this attempt for this part left, if it came so far."""
    wanted = (stage_of(str(instance["task_id"])), part, instance["try_number"])
    errors = [
        one.error
        for one in executions
        if (one.stage, one.partition, one.attempt) == wanted and one.error is not None
    ]
    return MillraceError.from_document(dict(errors[-1])) if errors else None


def _ending(log: Path) -> str:
    """Return the end of a log as people read it: of the JSON lines of Airflow's, what they say."""
    said = [text for line in tail(log, _LINES).splitlines() for text in _said(line)]
    return "\n".join(said)


def _said(line: str) -> list[str]:
    try:
        record = json.loads(line)
    except ValueError:
        return [line]
    if not isinstance(record, dict) or "event" not in record:
        return [line]
    if str(record["event"]).startswith("::"):  # begin and end of what the UI folds
        return []
    causes = [one for one in record.get("error_detail") or () if isinstance(one, dict)]
    return [
        str(record["event"]),
        *(f"{one.get('exc_type')}: {one.get('exc_value')}" for one in causes),
    ]
