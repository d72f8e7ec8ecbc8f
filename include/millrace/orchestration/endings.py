"""What happens when a DAG run has ended: the catalog learns it, and whoever wants to know is told.

Airflow calls these in its DAG processor, seconds after the end and outside every task; what tasks
could not record themselves, they record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from millrace.catalog.records import RunRecord
    from millrace.orchestration.notices_setting import Event


def mark_done(context: Mapping[str, Any]) -> None:
    """Record a run that ended well: also one of which only a part was cleared."""
    record_done(context["dag"].dag_id, context["run_id"])


def mark_failed(context: Mapping[str, Any]) -> None:
    """Record a run that failed, and tell of it."""
    record = record_failed(context["dag"].dag_id, context["run_id"], _reason(context))
    _tell_failure(context, record)


def record_done(dag_id: str, run_id: str) -> None:
    """Record that a run ended well; one that the catalog does not know is none of ours."""
    from millrace.catalog.catalog import Catalog
    from millrace.settings import Settings

    with Catalog(Settings.load().catalog) as catalog:
        record = catalog.runs.find(dag_id, run_id)
        if record is not None and record.state != "done":
            catalog.runs.finish(record.id, "done")


def record_failed(dag_id: str, run_id: str, reason: str) -> RunRecord | None:
    """Record that a run failed, for this reason where no task gave one; return what is known."""
    from millrace.catalog.catalog import Catalog
    from millrace.settings import Settings

    with Catalog(Settings.load().catalog) as catalog:
        record = catalog.runs.find(dag_id, run_id)
        if record is not None and record.state != "failed":
            error = {"type": "MillraceError", "problem": reason}
            record = catalog.runs.finish(record.id, "failed", error)
        return record


def _tell_failure(context: Mapping[str, Any], record: RunRecord | None) -> None:
    from millrace.errors import MillraceError
    from millrace.orchestration.notices import Notice, tell

    dag_id, run_id = context["dag"].dag_id, str(context["run_id"])
    error = dict((record.error if record is not None else None) or {})
    sentence = str(MillraceError.from_document(error)) if error else _reason(context)
    workflow = str(context["dag"].get_task("discover").op_kwargs["workflow"])
    events: dict[Event, str] = {"failure": f"{dag_id}: run {run_id} failed"}
    if error.get("type") == "BudgetExceeded":
        title = f"{dag_id}: run {run_id} refused more records than the budget allows"
        events["budget_exceeded"] = title
    for event, title in events.items():
        tell(Notice(event, workflow, dag_id, run_id, title, sentence), context)


def _reason(context: Mapping[str, Any]) -> str:
    return str(context.get("reason") or "a task failed")
