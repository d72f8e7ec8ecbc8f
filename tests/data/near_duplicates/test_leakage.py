"""The leakage of a split that ignores families."""

from __future__ import annotations

import numpy as np
import pytest

from millrace.data.near_duplicates.leakage import expected_leakage


def test_records_without_kin_do_not_leak() -> None:
    assert expected_leakage(np.arange(5), 0.8) == 0


def test_a_pair_leaks_as_often_as_the_other_is_in_training() -> None:
    assert expected_leakage(np.array([0, 0]), 0.7) == pytest.approx(0.7)


def test_no_record_leaks_nothing() -> None:
    assert expected_leakage(np.zeros(0, np.int64), 0.7) == 0


def test_the_share_is_that_of_drawn_splits() -> None:
    random = np.random.default_rng(0)
    family = np.repeat(np.arange(600), random.integers(1, 6, 600))
    shares = []
    for _ in range(60):
        train = random.random(len(family)) < 0.6
        leaked = np.bincount(family, train, minlength=600)[family[~train]] > 0
        shares.append(leaked.mean())
    assert expected_leakage(family, 0.6) == pytest.approx(np.mean(shares), abs=0.01)
