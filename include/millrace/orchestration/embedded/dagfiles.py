"""`wait_until_parsed`: every file of the DAG folder became DAGs, or says why it did not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from millrace.orchestration.rest import AirflowClient

_POLL = 0.25  # seconds


@dataclass(frozen=True)
class Parsed:
    """What became of the DAG folder.

    Attributes:
        dags: ids of the DAGs, sorted.
        errors: the reason by file, for those that could not be loaded.
        missing: files that Airflow has not read in time.
    """

    dags: tuple[str, ...]
    errors: dict[str, str]
    missing: tuple[str, ...]


def wait_until_parsed(client: AirflowClient, folder: Path, since: float, seconds: float) -> Parsed:
    """Wait until every DAG file was read after `since`, or until `seconds` have passed.

    Args:
        client: of a running Airflow.
        folder: of the DAG files.
        since: seconds since the epoch; DAGs that were read earlier do not count.
        seconds: to wait at most.
    """
    end = time.monotonic() + seconds
    expected = {file.relative_to(folder).as_posix() for file in dag_files(folder)}
    while True:
        dags = client.dags()
        errors = {e["filename"]: reason(e["stack_trace"]) for e in client.import_errors()}
        fresh = {str(dag["relative_fileloc"]) for dag in dags if _read_at(dag) >= since}
        missing = {n for n in expected - fresh if not any(e.endswith(n) for e in errors)}
        if not missing or time.monotonic() > end:
            ids = tuple(sorted(str(dag["dag_id"]) for dag in dags))
            return Parsed(ids, errors, tuple(sorted(missing)))
        time.sleep(_POLL)


def dag_files(folder: Path) -> Iterator[Path]:
    """Yield the files that Airflow takes for DAG files: those that name both a DAG and Airflow."""
    for file in sorted(folder.rglob("*.py")):
        text = file.read_bytes().lower()
        if b"airflow" in text and (b"dag" in text or b"asset" in text):
            yield file


def reason(stack_trace: str) -> str:
    """Return the last line of a traceback, which is the error's own sentence."""
    lines = [line for line in stack_trace.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "unknown reason"


def _read_at(dag: dict[str, Any]) -> float:
    moment = dag.get("last_parsed_time")
    return datetime.fromisoformat(moment).timestamp() if moment else 0.0
