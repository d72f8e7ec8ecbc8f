"""Sharing groups out among parts: whole groups, even classes, no part without a class."""

from __future__ import annotations

import numpy as np
import pytest

from millrace.data.folding.balanced import balanced

FIVE = np.full(5, 0.2)


def drawn(rows: int = 400, groups: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 3, rows), rng.integers(0, groups, rows).astype(np.uint64)


def test_no_group_is_in_two_parts() -> None:
    classes, groups = drawn()
    parts = balanced(classes, groups, FIVE, 7)
    assert all(len(set(parts[groups == one])) == 1 for one in np.unique(groups))


def test_classes_are_spread_evenly_where_every_record_is_its_own_group() -> None:
    classes = np.repeat([0, 1], [90, 10])
    parts = balanced(classes, np.arange(100, dtype=np.uint64), FIVE, 7)
    assert np.bincount(parts).tolist() == [20] * 5
    assert np.bincount(parts[classes == 1]).tolist() == [2] * 5


def test_a_class_of_few_large_groups_is_in_every_part() -> None:
    classes = np.repeat([0, 1], [100, 50])
    groups = np.concatenate([np.arange(100), 1000 + np.arange(50) // 10]).astype(np.uint64)
    parts = balanced(classes, groups, FIVE, 7)
    assert set(parts[classes == 1]) == set(range(5))


@pytest.mark.parametrize("groups", [2, 3, 5])
def test_a_small_part_is_not_left_without_a_class(groups: int) -> None:
    classes = np.repeat([0, 1], groups)
    parts = balanced(classes, np.arange(2 * groups, dtype=np.uint64), np.array([0.1, 0.9]), 7)
    assert {*zip(parts.tolist(), classes.tolist(), strict=True)} == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_the_order_of_the_records_decides_nothing() -> None:
    classes, groups = drawn()
    order = np.random.default_rng(1).permutation(len(classes))
    parts = balanced(classes, groups, FIVE, 7)
    assert np.array_equal(balanced(classes[order], groups[order], FIVE, 7), parts[order])


def test_another_seed_makes_other_folds() -> None:
    classes, groups = drawn()
    assert not np.array_equal(
        balanced(classes, groups, FIVE, 7), balanced(classes, groups, FIVE, 8)
    )


def test_a_part_is_not_robbed_of_one_class_to_be_given_another() -> None:
    classes = np.array([0, 2, 0, 1, 0, 1, 2, 0, 0, 1, 2])
    groups = np.array([9, 6, 5, 6, 0, 7, 9, 9, 5, 0, 8], np.uint64)
    parts = balanced(classes, groups, np.full(3, 1 / 3), 7)
    assert len({*zip(parts.tolist(), classes.tolist(), strict=True)}) == 9
