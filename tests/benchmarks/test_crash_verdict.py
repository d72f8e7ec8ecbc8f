"""The verdict of the crash matrix finds every violation that is planted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from crash.matrix import Tally, disturb
from crash.observation import Outcome, Seen
from crash.plan import Strike
from crash.report import report
from crash.verdict import judge

EPOCHS = tuple((100.0 + number, number) for number in range(1, 6))
WELL = Outcome(
    state="success",
    recorded="done",
    outputs={"train": "b" * 64, "clean of uci/0": "c" * 64},
    rows=(("uci/1", "3"), ("uci/2", "5")),
    versions=1,
    promotions=1,
    batches=1,
    left=(),
    epochs=EPOCHS,
    alive={"k" * 64: 1},
    seconds=30.0,
)


def epochs(*numbers: int) -> tuple[tuple[float, int], ...]:
    return tuple((float(moment), number) for moment, number in enumerate(numbers))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"state": "failed"}, "final state: Airflow says failed"),
        ({"state": "running after 420 s"}, "final state: Airflow says running"),
        ({"recorded": "failed"}, "final state: the catalog says failed"),
        ({"outputs": {**WELL.outputs, "train": "d" * 64}}, "digest of train: dddd"),
        ({"outputs": {"train": "b" * 64}}, "digest of clean of uci/0: none"),
        ({"rows": (("uci/1", "3"),)}, "1 rows lost, such as uci/2"),
        ({"rows": (*WELL.rows, ("uci/2", "5"))}, "1 rows doubled or new, such as uci/2"),
        ({"rows": ()}, "2 rows lost"),
        ({"versions": 2}, "catalog: 2 versions"),
        ({"promotions": 2}, "catalog: 2 promotions"),
        ({"batches": 0}, "catalog: 0 batches"),
        ({"alive": {"k" * 64: 2}}, "at once: 2 jobs alive"),
        ({"left": ("container millrace-train-1",)}, "left behind: container millrace-train-1"),
        ({"epochs": epochs(1, 2, 3, 2, 3, 4, 5)}, "epochs: 2 lost, from 3 back to 2"),
        ({"epochs": epochs(1, 2, 3, 4)}, "4 different ones seen of 5"),
        ({"epochs": epochs(1, 2, 4, 5, 3)}, "epochs: 4 came after 2"),
    ],
)
def test_a_planted_violation_is_found(change: dict[str, Any], said: str) -> None:
    found = judge(WELL, replace(WELL, **change), kills=2)
    assert any(said in sentence for sentence in found), found


def test_a_run_that_repeats_one_epoch_a_kill_is_as_it_must_be() -> None:
    assert judge(WELL, WELL, kills=0) == []
    assert judge(WELL, replace(WELL, epochs=epochs(1, 2, 2, 3, 4, 4, 5)), kills=2) == []


def test_more_epochs_than_kills_allow_are_found() -> None:
    found = judge(WELL, replace(WELL, epochs=epochs(1, 2, 2, 3, 3, 4, 4, 5)), kills=2)
    assert found == ["epochs: 8 executed, at most 7 allowed after 2 kills"]


def test_jobs_that_are_alive_at_once_are_counted_by_key() -> None:
    seen = Seen()
    for sample in ({"a": 1}, {"a": 2, "b": 1}, {"a": 1}, {}):
        seen.count(sample, now=7.0)
    assert seen.alive == {"a": 2, "b": 1}


def test_the_report_counts_kills_and_names_the_violated_run() -> None:
    tally = Tally("docker")
    strikes = [Strike("scheduler", 0.1, 1), Strike("container", 0.2, 2)]
    tally.add("docker-7-1", strikes, WELL, ["left behind: container x"])
    tally.add("docker-7-2", strikes[1:], WELL, [])
    text = report([tally], [("seed", 7)])
    assert "| docker | container | 2 | 2 | 1 |" in text
    assert "| **all** | | **3** | **2** | **1** |" in text
    assert "- docker-7-1: left behind: container x" in text


class _Runs:
    """Stands for a runner: runs that end as they are told, without any Airflow."""

    class stack:  # noqa: N801
        kind = "none"

    training = 1.0

    def __init__(self, *ends: Outcome | Exception) -> None:
        self.ends, self.recovered = list(ends), []  # type: ignore[var-annotated]

    def undisturbed(self) -> Outcome:
        return WELL

    def struck(self, run_id: str, strikes: list[Strike]) -> tuple[Outcome, list[Strike]]:
        end = self.ends.pop(0) if self.ends else WELL
        if isinstance(end, Exception):
            raise end
        return end, [strike for strike in strikes if strike.victim != "ghost"]

    def recover(self, run_id: str) -> None:
        self.recovered.append(run_id)


def test_a_violated_run_and_one_that_cannot_be_judged_are_told_and_recovered_from() -> None:
    runs = _Runs(replace(WELL, state="failed"), OSError("the watcher is blind"))
    tally = disturb(runs, {"task": 3}, seed=7, at_once=1, say=lambda line: None)
    assert tally.violations == [
        "none-7-1: final state: Airflow says failed, not success",
        "none-7-2: not judged, since the watcher is blind",
    ]
    assert runs.recovered == ["none-7-1", "none-7-2"]
    assert tally.hits == {"task": 2}


def test_a_strike_that_finds_nothing_is_tried_again_and_then_given_up() -> None:
    tally = disturb(_Runs(), {"ghost": 1, "task": 1}, seed=7, at_once=2, say=lambda line: None)
    assert (tally.hits, tally.missed) == ({"task": 1}, 1)
    assert tally.violations == []
