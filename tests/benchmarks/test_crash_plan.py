"""The plan of the crash matrix can be repeated, and keeps the quotas."""

from __future__ import annotations

from collections import Counter

from crash.plan import make_plan

QUOTAS = {"task": 5, "scheduler": 3, "container": 0}


def test_the_same_seed_gives_the_same_plan() -> None:
    assert make_plan(7, QUOTAS, 3) == make_plan(7, QUOTAS, 3)
    assert make_plan(7, QUOTAS, 3) != make_plan(8, QUOTAS, 3)


def test_every_victim_is_struck_as_often_as_wished() -> None:
    for seed in range(20):
        runs = make_plan(seed, QUOTAS, 3)
        struck = Counter(strike.victim for run in runs for strike in run)
        assert struck == Counter({"task": 5, "scheduler": 3})
        assert {1, 2, 3} >= {len(run) for run in runs}


def test_the_strikes_of_a_run_are_in_the_order_of_time() -> None:
    for run in make_plan(7, QUOTAS, 3):
        moments = [strike.moment for strike in run]
        assert moments == sorted(moments)
        assert all(0 <= moment < 1 for moment in moments)
