"""Airflow's own cost: seconds a no-op task, and milliseconds to parse a DAG file.

    .venv/bin/python benchmarks/airflow_overhead.py

Eight no-op tasks in line run on the embedded installation, whose settings Millrace chose, seven
times after a warm-up; the figure is the run's time from start to end, by Airflow's own record, over
eight. A DAG file's parse is the CPU time to execute `dags/digits.py` once airflow is imported and
has built a DAG of one empty task (it loads half of itself only then), first in a process and later.
Targets: 0.25 s a task, 50 ms a parse.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

from common import PROJECT, machine, own_home, seconds_of_run, show

TASKS = 8
TIMES = 7

DAG_FILE = '''"""Airflow DAG: eight no-op tasks in line."""
from airflow.sdk import DAG, task

with DAG("line", schedule=None) as dag:
    previous = None
    for number in range(8):
        @task(task_id=f"t{number}")
        def nothing() -> None:
            return None
        current = nothing()
        if previous is not None:
            previous >> current
        previous = current
'''

PARSE = """
import runpy, sys, time
from airflow.sdk import DAG, Asset, AssetAlias, Param, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowFailException
with DAG("empty", schedule=None):
    @task
    def nothing(): pass
    nothing()
start = time.process_time()
runpy.run_path(sys.argv[1])
cold = time.process_time() - start
times = []
for _ in range(9):
    start = time.process_time()
    runpy.run_path(sys.argv[1])
    times.append(time.process_time() - start)
print(cold, sorted(times)[4])
"""


def seconds_a_task() -> list[float]:
    """Return the seconds a task of `TIMES` runs."""
    from millrace.orchestration.embedded.address import client
    from millrace.orchestration.embedded.down import down
    from millrace.orchestration.embedded.installation import Installation
    from millrace.orchestration.embedded.up import up

    with own_home() as folder:
        project = folder / "project"
        (project / "dags").mkdir(parents=True)
        (project / "plugins").mkdir()
        (project / "include" / "workflows").mkdir(parents=True)
        (project / "dags" / "line.py").write_text(DAG_FILE)
        with own_home(MILLRACE_PROJECT=str(project)):
            installation = Installation.load()
            up(installation, lambda text: None)
            try:
                with client(installation) as airflow:
                    return [seconds_of_run(airflow, "line") / TASKS for _ in range(TIMES + 1)][1:]
            finally:
                down(installation, lambda text: None)


def parse_milliseconds() -> tuple[float, float]:
    """Return the CPU milliseconds of the first and of a later parse, medians of five processes."""
    found = []
    for _ in range(5):
        command = [sys.executable, "-c", PARSE, str(PROJECT / "dags" / "digits.py")]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found.append([1000 * float(value) for value in out.split()[-2:]])
    return statistics.median(f[0] for f in found), statistics.median(f[1] for f in found)


def main() -> None:
    cold, warm = parse_milliseconds()
    tasks = seconds_a_task()
    show(
        f"Airflow's own cost ({machine()})",
        [
            ("no-op task, median", f"{statistics.median(tasks):.3f} s"),
            ("no-op task, all runs", ", ".join(f"{value:.3f}" for value in tasks)),
            ("parse of dags/digits.py, first in a process (CPU)", f"{cold:.0f} ms"),
            ("parse of dags/digits.py, later (CPU)", f"{warm:.0f} ms"),
        ],
    )


if __name__ == "__main__":
    main()
