"""A listener for runs that a person marks as failed or done, of which Airflow tells nobody else.

The API server calls it; a run that stayed "running" in the catalog would be kept for ever.
"""

from __future__ import annotations

from typing import Any

from airflow.listeners import hookimpl

from millrace.orchestration.endings import record_done, record_failed


@hookimpl
def on_dag_run_success(dag_run: Any) -> None:
    """Record a run that was marked as done."""
    record_done(dag_run.dag_id, dag_run.run_id)


@hookimpl
def on_dag_run_failed(dag_run: Any) -> None:
    """Record a run that was marked as failed."""
    record_failed(dag_run.dag_id, dag_run.run_id, "it was marked as failed")
