"""Work in threads keeps its order, hands its errors on, and ends with its caller."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from millrace.data.threads import ahead, in_threads


@pytest.mark.parametrize("count", [0, 1, 8, 9, 1_000])
def test_results_are_in_the_items_order(count: int) -> None:
    assert in_threads(lambda n: n * n, range(count)) == [n * n for n in range(count)]


def test_the_first_error_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda n: 1 // (n - 50), range(100))


def test_one_item_is_worked_on_ahead_and_no_more() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(10):
            taken.append(number)
            yield number

    for number, made in ahead(lambda n: -n, items()):
        assert made == -number
        assert len(taken) <= number + 2
    assert taken == list(range(10))


def test_an_error_ahead_is_raised_in_its_turn() -> None:
    pairs = ahead(lambda n: 6 // (2 - n), range(5))
    assert [next(pairs)[1], next(pairs)[1]] == [3, 6]
    with pytest.raises(ZeroDivisionError):
        next(pairs)


def test_no_thread_stays_when_the_caller_stops() -> None:
    before = threading.active_count()
    pairs = ahead(lambda n: n, range(5))
    next(pairs)
    pairs.close()
    assert threading.active_count() == before
