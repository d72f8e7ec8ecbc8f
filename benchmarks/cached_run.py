"""A second run with nothing changed: every stage from the store, seconds for the whole DAG.

    .venv/bin/python benchmarks/cached_run.py

Runs `digits` once on an embedded installation of its own, then five times more with nothing
changed. The figure is a run's time by Airflow's own record, and the ratio to the first run.
Target: 6 s.
"""

from __future__ import annotations

import statistics
import time

from common import machine, own_home, seconds_of_run, show

from millrace.catalog.catalog import Catalog

TIMES = 5


def check_cached(catalog: Catalog) -> None:
    """End the program unless the newest runs took every stage from the store.

    `discover` looks at the sources each time: it is what finds that nothing changed.
    """
    runs = [run for run in catalog.runs.latest("digits", 1_000) if run.dag_id == "digits"]
    for run in runs[:TIMES]:
        executions = catalog.executions.of_run(run.id)
        computed = [e.stage for e in executions if e.stage != "discover" and e.state != "cached"]
        if computed or len(executions) < 2:
            raise SystemExit(f"run {run.run_id} was not cached: {computed or 'it did nothing'}")
    if len(runs) != TIMES + 1:
        raise SystemExit(f"{TIMES + 1} runs were expected, {len(runs)} are recorded")


def main() -> None:
    from millrace.orchestration.embedded.address import client
    from millrace.orchestration.embedded.down import down
    from millrace.orchestration.embedded.installation import Installation
    from millrace.orchestration.embedded.up import up

    with own_home():
        installation = Installation.load()
        up(installation, lambda text: None)
        try:
            with client(installation) as airflow:
                first = seconds_of_run(airflow, "digits")
                time.sleep(10)  # the prediction DAG that the new champion started
                again = [seconds_of_run(airflow, "digits") for _ in range(TIMES)]
            with Catalog(installation.settings.catalog) as catalog:
                check_cached(catalog)
        finally:
            down(installation, lambda text: None)
    median = statistics.median(again)
    show(
        f"A run of `digits` with nothing changed ({machine()})",
        [
            ("first run", f"{first:.1f} s"),
            ("again, median", f"{median:.1f} s"),
            ("again, all runs", ", ".join(f"{value:.1f}" for value in again)),
            ("again / first", f"{median / first:.2f}"),
        ],
    )


if __name__ == "__main__":
    main()
