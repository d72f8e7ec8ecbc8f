"""The DAG `container_reaper`: what `millrace reap --yes` does, every so often.

It has a schedule where the installation's runtime or a workflow has containers, or where one is
set; elsewhere it runs when somebody triggers it.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from airflow.sdk import DAG, task

from millrace.orchestration.policy import RETRY, airflow_errors
from millrace.settings import Settings
from millrace.workflow.places import runtimes_used

SCHEDULE = "MILLRACE_REAP_SCHEDULE"
"""Environment variable: a cron expression; every 15 minutes where there are containers."""

_OFTEN = "*/15 * * * *"
_DOCS = """\
# container_reaper

Removes containers of this installation that nobody follows any more; the same as
`millrace reap --yes`. A container is left behind where a worker was killed and its task is not
retried. One that a task follows is not touched, nor one that runs while its run goes on. It looks
at the pods of the namespace where a workflow uses Kubernetes, and at the Docker daemon of the
worker that runs it where one uses Docker: with a daemon on each of several hosts, run
`millrace reap` there, too.

Schedule: `MILLRACE_REAP_SCHEDULE`.
"""
log = logging.getLogger(__name__)


def reaper_dags() -> dict[str, DAG]:
    """Return the DAG, by DAG id."""
    with DAG(
        "container_reaper",
        schedule=os.environ.get(SCHEDULE, "").strip() or _usual_schedule(),
        catchup=False,
        description="Removes containers that nobody follows any more",
        doc_md=_DOCS,
        tags={"millrace"},
        default_args={"owner": "millrace", **RETRY},
        max_active_runs=1,
    ) as dag:
        task(task_id="reap", doc_md="Removes them and says which.")(reap)()
    return {dag.dag_id: dag}


def _usual_schedule() -> str | None:
    settings = Settings.load()
    contained = runtimes_used(settings.workflows, settings.runtime) != {"local"}
    return _OFTEN if contained else None


def reap() -> list[dict[str, Any]]:
    """Remove the strays; return and log them."""
    from millrace.catalog.catalog import Catalog
    from millrace.jobs.runtimes.strays import strays_of

    settings = Settings.load()
    with (
        airflow_errors(),
        Catalog(settings.catalog) as catalog,
        strays_of(settings, catalog) as strays,
    ):
        gone = strays.remove()
    for stray in gone:
        log.info("Removed %s: %s", stray.name, stray.reason)
    log.info("%d containers removed", len(gone))
    return [stray.to_document() for stray in gone]
