"""What the benchmarks share: a table of results, an installation of their own, timed runs."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from millrace.orchestration.rest import AirflowClient

PROJECT = Path(__file__).parents[1]


def show(title: str, rows: Sequence[tuple[str, object]]) -> None:
    """Print a Markdown table."""
    print(f"\n### {title}\n\n| what | figure |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")


def machine() -> str:
    """Return a line about the processor."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{len(os.sched_getaffinity(0))} cores, {names[0] if names else platform.machine()}"


@contextmanager
def own_home(**variables: str) -> Iterator[Path]:
    """Use a temporary installation, so that nothing of the user's is touched."""
    saved = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="millrace-benchmark-") as folder:
        os.environ.update({"MILLRACE_HOME": f"{folder}/home", **variables})
        try:
            yield Path(folder)
        finally:
            os.environ.clear()
            os.environ.update(saved)


def seconds_of_run(airflow: AirflowClient, dag_id: str) -> float:
    """Trigger a run, wait for its end, and return its time by Airflow's own record."""
    run_id = airflow.trigger(dag_id, {})["dag_run_id"]
    while (run := airflow.run(dag_id, run_id))["state"] not in {"success", "failed"}:
        time.sleep(0.2)
    if run["state"] != "success":
        raise SystemExit(f"the run of {dag_id} ended as {run['state']}")
    start, end = (datetime.fromisoformat(run[name]) for name in ("start_date", "end_date"))
    return (end - start).total_seconds()
