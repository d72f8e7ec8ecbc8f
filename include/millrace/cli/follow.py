"""`follow`: watch a run until it ends."""

from __future__ import annotations

import time

from millrace.cli.console import console
from millrace.cli.history import RunHistory, cached_by_stage
from millrace.cli.run_view import RunView, view_run
from millrace.cli.views import view_for
from millrace.errors import TransientError
from millrace.orchestration.rest import AirflowClient, Document
from millrace.settings import Settings

_POLL = 0.5  # seconds
_PATIENCE = 5  # times in a row that a busy Airflow may fail to answer


def follow(client: AirflowClient, settings: Settings, dag_id: str, run_id: str) -> RunView:
    """Show the run until it ends, and return its last state.

    Raises:
        TransientError: Airflow went away; the run's state is what it last was.
    """
    with RunHistory(settings, dag_id, run_id) as history, view_for(console()) as view:
        while True:
            run, instances = _look(client, dag_id, run_id)
            executions = history.executions()
            now = view_run(run, instances, cached_by_stage(executions), history.events(executions))
            view.show(now)
            if now.ended:
                return now
            time.sleep(_POLL)


def _look(client: AirflowClient, dag_id: str, run_id: str) -> tuple[Document, list[Document]]:
    """Return the run and its task instances, as Airflow knows them now."""
    failures = 0
    while True:
        try:
            return client.run(dag_id, run_id), client.task_instances(dag_id, run_id)
        except TransientError:
            failures += 1
            if failures == _PATIENCE:
                raise
            time.sleep(_POLL)
