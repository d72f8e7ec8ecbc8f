"""`in_threads` and `ahead`: work on all cores, where it leaves Python while it works.

Order is kept, errors are raised where the result is asked for, and no thread outlives its caller.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

_TOGETHER = 8  # items of a thread's turn, so that turns cost little


def in_threads(function: Callable[[Item], Made], items: Sequence[Item]) -> list[Made]:
    """Return what `function` makes of each item, in the items' order.

    As many threads as the process may use cores. The first error is raised.
    """
    cores = len(os.sched_getaffinity(0))
    turns = [items[start : start + _TOGETHER] for start in range(0, len(items), _TOGETHER)]
    if cores == 1 or len(turns) < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(min(cores, len(turns)), "pictures") as pool:
        made = pool.map(lambda turn: [function(item) for item in turn], turns)
        return [one for turn in made for one in turn]


def ahead(function: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[tuple[Item, Made]]:
    """Yield each item with what `function` makes of it, made while the caller uses the one before.

    One item is worked on ahead, no more.
    """
    with ThreadPoolExecutor(1, "ahead") as pool:
        last: tuple[Item, Future[Made]] | None = None
        for item in items:
            waiting = item, pool.submit(function, item)
            if last is not None:
                yield last[0], last[1].result()
            last = waiting
        if last is not None:
            yield last[0], last[1].result()
