"""`tell_decision`: tell that a challenger became champion, or that it was refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from millrace.orchestration.notices_setting import Event

_EVENTS: Mapping[str, tuple[Event, str]] = {
    "promoted": ("promoted_champion", "is champion"),
    "refused": ("refused_challenger", "was refused"),
    "rejected": ("refused_challenger", "was rejected"),
}


def tell_decision(workflow: str, outcome: Mapping[str, Any], context: Mapping[str, Any]) -> None:
    """Tell what `promote` decided; a champion that stays is no news.

    Args:
        workflow: name. outcome: of the step `promote`. context: of its task.
    """
    from millrace.orchestration.notices import Notice, tell

    if outcome["decision"] not in _EVENTS:
        return
    event, verdict = _EVENTS[outcome["decision"]]
    dag_run = context["dag_run"]
    notice = Notice(
        event=event,
        workflow=workflow,
        dag_id=dag_run.dag_id,
        run_id=dag_run.run_id,
        title=f"{workflow}: version {outcome['version']} {verdict}",
        text="; ".join(outcome["reasons"]),
    )
    tell(notice, context)
