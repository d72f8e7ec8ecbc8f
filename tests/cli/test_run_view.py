"""What is made of Airflow's task instances, and how it looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from millrace.cli.run_view import RunView, StageView, view_run
from millrace.cli.views import LiveView, PlainView, draw, view_for

START = datetime(2026, 1, 1, tzinfo=UTC)
RUN = {"dag_id": "digits", "dag_run_id": "r1", "state": "running",
       "start_date": START.isoformat(), "end_date": None}  # fmt: skip
EPOCHS = [
    {"epoch": 1, "epochs": 3, "loss": 0.5, "accuracy": 0.81234},
    {"epoch": 2, "epochs": 3, "loss": 0.25, "validation_accuracy": 0.9},
]


def _task(task_id: str, state: str | None, index: int = -1, seconds: float = 2) -> dict[str, Any]:
    ended = state in ("success", "failed")
    end = (START + timedelta(seconds=seconds)).isoformat() if ended else None
    start = START.isoformat() if state else None
    return {"task_id": task_id, "state": state, "map_index": index,
            "start_date": start, "end_date": end}  # fmt: skip


def _view(*tasks: dict[str, Any], **more: Any) -> RunView:
    now = START + timedelta(seconds=30)
    return view_run(RUN, tasks, more.get("cached", {}), more.get("events", {}), now)


def _plain(*views: RunView) -> str:
    console = Console(width=100, force_terminal=False, highlight=False)
    with console.capture() as captured, view_for(console) as plain:
        for view in views:
            plain.show(view)
    return captured.get()


@pytest.mark.parametrize(
    ("states", "together"),
    [
        (["success", "success"], "done"),
        (["success", "failed"], "failed"),
        (["running", "failed"], "failed"),
        (["up_for_retry", "running"], "retrying"),
        (["success", None], "running"),
        (["success", "skipped"], "done"),
        (["upstream_failed", "skipped"], "skipped"),
        ([None, "queued", "scheduled"], "waiting"),
        (["a state of the future"], "waiting"),
    ],
)
def test_partitions_have_one_state_together(states: list[str | None], together: str) -> None:
    tasks = [_task("partition.clean", state, index) for index, state in enumerate(states)]
    (stage,) = _view(*tasks).stages
    assert (stage.name, stage.state, stage.total) == ("clean", together, len(states))


def test_stages_come_in_the_order_of_the_workflow_and_strangers_last() -> None:
    names = ["train", "partition.collect", "finish", "discover", "partition.clean"]
    view = _view(*(_task(name, None) for name in names))
    assert [s.name for s in view.stages] == ["discover", "collect", "clean", "train", "finish"]


def test_seconds_count_from_the_first_start_to_the_last_end_or_now() -> None:
    ended = _view(_task("clean", "success", 0, 2), _task("clean", "success", 1, 7))
    assert ended.stages[0].seconds == 7
    assert _view(_task("clean", "running")).stages[0].seconds == 30
    assert _view(_task("clean", None)).stages[0].seconds == 0


def test_plain_lines_tell_each_change_once() -> None:
    first = _view(_task("discover", "running"), _task("train", None))
    second = _view(_task("discover", "success"), _task("train", "running"))
    assert _plain(first, first, second, second).splitlines() == [
        "discover: running",
        "discover: done, 2.00 s",
        "train: running",
    ]


def test_plain_lines_tell_each_epoch_once() -> None:
    one = _view(_task("train", "running"), events={"train": EPOCHS[:1]})
    two = _view(_task("train", "running"), events={"train": EPOCHS})
    assert _plain(one, two, two).splitlines() == [
        "train: epoch 1/3  loss 0.5000  accuracy 0.8123",
        "train: running",
        "train: epoch 2/3  loss 0.2500  val accuracy 0.9000",
    ]


def test_a_cached_stage_says_so() -> None:
    tasks = [_task("partition.clean", "success", index) for index in range(3)]
    assert (
        _plain(_view(*tasks, cached={"clean": 3})) == "clean: done, 3 partitions, 2.00 s, cached\n"
    )


def test_candidates_are_called_so_and_are_listed_before_they_are_trained() -> None:
    tasks = [_task("candidate.train", "success", index) for index in range(2)]
    view = _view(*tasks, _task("choose", None), _task("candidates", None))
    assert [stage.name for stage in view.stages] == ["candidates", "train", "choose"]
    assert "train: done, 2 candidates" in _plain(view)


def test_the_table_shows_partitions_and_the_latest_epoch() -> None:
    view = _view(
        _task("partition.clean", "success", 0),
        _task("partition.clean", "running", 1),
        _task("train", "running"),
        events={"train": EPOCHS},
    )
    console = Console(width=120, force_terminal=False)
    with console.capture() as captured:
        console.print(draw(view))
    text = captured.get()
    assert "digits  r1  running  30.0 s" in text
    assert "1/2" in text
    assert "epoch 2/3  loss 0.2500" in text


def test_a_terminal_gets_the_table_and_a_pipe_gets_lines() -> None:
    with view_for(Console(force_terminal=True)) as live, view_for(Console()) as plain:
        assert (type(live), type(plain)) == (LiveView, PlainView)


def test_names_are_never_taken_for_markup() -> None:
    stage = StageView("[red]x", "failed", 0, 1, 1.0)
    assert "[red]x" in _plain(RunView("d", "r", "failed", 1.0, (stage,)))
