"""The DAG `store_gc`: what `millrace gc` does, on a schedule or by hand.

With a schedule it removes; triggered by hand it only reports, unless `dry_run` is switched off.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Param, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from millrace.orchestration.policy import RETRY, airflow_errors

if TYPE_CHECKING:
    from millrace.jobs.cleanup import Report

SCHEDULE = "MILLRACE_GC_SCHEDULE"
"""Environment variable: a cron expression or ``@weekly``; none by default."""

_DOCS = """\
# store_gc

Removes from the store what no champion, no running or kept run, and nothing within retention can
reach; the same as `millrace gc`. **report** says what would go; **remove** removes it unless
`dry_run` is on. Runs may go on meanwhile; the history of collected runs stays in the catalog.

Retention: `MILLRACE_KEEP_RUNS`, `MILLRACE_KEEP_DAYS`, `MILLRACE_KEEP_VERSIONS`,
`MILLRACE_GC_GRACE`. Originals in the restricted store go after `MILLRACE_RESTRICTED_DAYS`.
Schedule: `MILLRACE_GC_SCHEDULE`; without one, trigger it by hand.
"""
log = logging.getLogger(__name__)


def housekeeping_dags() -> dict[str, DAG]:
    """Return the DAGs that look after the installation, by DAG id."""
    schedule = os.environ.get(SCHEDULE) or None
    with DAG(
        "store_gc",
        schedule=schedule,
        catchup=False,
        params={
            "dry_run": Param(
                schedule is None,
                type="boolean",
                title="Dry run",
                description_md="Report what would go, and remove nothing.",
            )
        },
        description="Removes from the store what nothing needs any more",
        doc_md=_DOCS,
        tags={"millrace"},
        default_args={"owner": "millrace", **RETRY},
        max_active_runs=1,
    ) as dag:
        reported = task(task_id="report", doc_md="Says what would go and what keeps the rest.")
        removed = task(task_id="remove", doc_md="Removes it, unless the run is a dry run.")
        reported(report)() >> removed(remove)()
    return {dag.dag_id: dag}


def report() -> dict[str, Any]:
    """Return what would go, and log it."""
    with airflow_errors():
        return _clean(sweep=False)


def remove() -> dict[str, Any]:
    """Remove it and return what went, or skip."""
    if get_current_context()["params"]["dry_run"]:
        raise AirflowSkipException("A dry run: nothing was removed.")
    with airflow_errors():
        return _clean(sweep=True)


def _clean(*, sweep: bool) -> dict[str, Any]:
    from millrace.catalog.catalog import Catalog
    from millrace.jobs.cleanup import Cleanup
    from millrace.jobs.collection import collecting
    from millrace.settings import Settings
    from millrace.wording import size

    settings = Settings.load()
    with Catalog(settings.catalog) as catalog, collecting(settings.home, catalog):
        cleanup = Cleanup.of(settings, catalog)
        found = cleanup.plan()
        _log(found)
        freed = cleanup.sweep(found) if sweep else 0
    if sweep:
        log.info("Freed %s", size(freed))
    return {**found.to_document(), "removed": sweep, "freed": freed}


def _log(found: Report) -> None:
    from millrace.wording import size

    figures: Mapping[str, tuple[int, int]] = found.by_kind
    log.info("The store %s holds %s", found.store, size(found.stored))
    for name, (count, total) in figures.items():
        log.info("%s: %d, %s", name, count, size(total))
    for note in found.notes:
        log.info("%s", note)
    log.info("%d files, %s, need not stay", found.count, size(found.bytes))
