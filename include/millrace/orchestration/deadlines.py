"""`deadlines_of`: Airflow's deadline alerts of a workflow's DAGs, from the rules of its notices.

A wrong setting gives no alert and a warning; it never takes a DAG away. `millrace validate` and
`millrace up` refuse it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from millrace.errors import MillraceError
from millrace.orchestration.notices_setting import notice_rules

log = logging.getLogger(__name__)


def deadlines_of(workflow: str) -> list[DeadlineAlert]:
    """Return an alert for every limit that somebody set for the workflow's runs."""
    try:
        rules = [rule for rule in notice_rules() if rule.concerns(workflow, "late_run")]
    except MillraceError as error:
        log.warning("No run will be called late: %s", error)
        return []
    limits = sorted({rule.late_after for rule in rules if rule.late_after is not None})
    return [
        DeadlineAlert(
            reference=DeadlineReference.DAGRUN_QUEUED_AT,
            interval=timedelta(seconds=limit),
            callback=SyncCallback(tell_late, kwargs={"workflow": workflow, "limit": limit}),
            name=f"late after {limit:g} s",
        )
        for limit in limits
    ]


def tell_late(workflow: str, limit: float, context: Mapping[str, Any]) -> None:
    """Tell that a run is late: the callback of the alerts, in a process of the executor.

    Args:
        workflow: name. limit: seconds that the run had.
        context: with the run's document as ``dag_run``; it is no context of a task.
    """
    from millrace.orchestration.notices import Notice, tell

    run = context["dag_run"]
    dag_id, run_id = str(run["dag_id"]), str(run["dag_run_id"])
    notice = Notice(
        event="late_run",
        workflow=workflow,
        dag_id=dag_id,
        run_id=run_id,
        title=f"{dag_id}: run {run_id} is late",
        text=f"It was queued more than {limit:g} seconds ago and has not ended.",
    )
    tell(notice, context, limit)
