"""`view_run`: what a person wants to know of a run now, as plain values. Draws and asks nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from millrace.workflow.graph import FORCIBLE

Document = Mapping[str, Any]

_FIRST, *_LATER, _PROMOTE, _PREDICT = FORCIBLE["training"]
_ORDER = (_FIRST, "candidates", *_LATER, "approve", _PROMOTE, _PREDICT)
_STATES: Mapping[str, frozenset[str]] = {
    "failed": frozenset({"failed"}),
    "retrying": frozenset({"up_for_retry", "up_for_reschedule"}),
    "asking": frozenset({"awaiting_input"}),
    "running": frozenset({"running", "restarting", "deferred"}),
    "done": frozenset({"success"}),
    "skipped": frozenset({"skipped", "upstream_failed", "removed"}),
}


@dataclass(frozen=True)
class StageView:
    """One task of a run, all its partitions or candidates together.

    Attributes:
        name: of the task, without its group.
        state: ``waiting``, ``running``, ``asking`` (a person), ``retrying``, ``done``, ``skipped``
            or ``failed``.
        done, total: partitions; 1 for a task that is not mapped.
        seconds: since the first partition started, until the last one ended.
        cached: how many of the results were in the store already.
        events: what the job has reported, oldest first, e.g. an epoch each.
    """

    name: str
    state: str
    done: int
    total: int
    seconds: float
    cached: int = 0
    events: tuple[Document, ...] = ()


@dataclass(frozen=True)
class RunView:
    """A run at one moment.

    Attributes:
        state: as Airflow says: ``queued``, ``running``, ``success`` or ``failed``.
        stages: in the order of the workflow.
        instances: Airflow's task instances, for whoever needs more.
    """

    dag_id: str
    run_id: str
    state: str
    seconds: float
    stages: tuple[StageView, ...]
    instances: Sequence[Document] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("success", "failed")


def view_run(
    run: Document,
    instances: Sequence[Document],
    cached: Mapping[str, int],
    events: Mapping[str, Sequence[Document]],
    now: datetime | None = None,
) -> RunView:
    """Return the view of a run.

    Args:
        run, instances: as Airflow's REST API gives them.
        cached: results that were in the store already, by stage.
        events: what running jobs reported, by stage.
        now: the time.
    """
    now = now or datetime.now(UTC)
    by_stage: dict[str, list[Document]] = {}
    for instance in instances:
        by_stage.setdefault(stage_of(str(instance["task_id"])), []).append(instance)
    stages = tuple(
        _stage(name, by_stage[name], cached.get(name, 0), tuple(events.get(name, ())), now)
        for name in sorted(by_stage, key=_order)
    )
    return RunView(
        dag_id=str(run["dag_id"]),
        run_id=str(run["dag_run_id"]),
        state=str(run["state"]),
        seconds=_span([run], now),
        stages=stages,
        instances=instances,
    )


def stage_of(task_id: str) -> str:
    """Return the stage of a task: its id without the task group."""
    return task_id.rsplit(".", 1)[-1]


def _order(name: str) -> tuple[int, str]:
    """Return the place of a task: that of its stage; tasks of other DAGs come after, by name."""
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def _stage(
    name: str, instances: list[Document], cached: int, events: tuple[Document, ...], now: datetime
) -> StageView:
    kinds = [_kind(instance.get("state")) for instance in instances]
    done = kinds.count("done")
    return StageView(
        name=name,
        state=_together(kinds),
        done=done,
        total=len(kinds),
        seconds=_span(instances, now),
        cached=cached,
        events=events,
    )


def _kind(state: object) -> str:
    return next((kind for kind, states in _STATES.items() if state in states), "waiting")


def _together(kinds: list[str]) -> str:
    """Return the state of a mapped task: the worst that needs attention, else how far it is."""
    for kind in ("failed", "retrying", "asking", "running"):
        if kind in kinds:
            return kind
    if set(kinds) <= {"done", "skipped"}:
        return "done" if "done" in kinds else "skipped"
    return "running" if "done" in kinds else "waiting"


def _span(documents: Iterable[Document], now: datetime) -> float:
    """Return the seconds from the first start to the last end, or to now."""
    rows = [d for d in documents if d.get("start_date")]
    if not rows:
        return 0.0
    start = min(datetime.fromisoformat(row["start_date"]) for row in rows)
    ends = [datetime.fromisoformat(row["end_date"]) if row.get("end_date") else now for row in rows]
    return max(0.0, (max(ends) - start).total_seconds())
