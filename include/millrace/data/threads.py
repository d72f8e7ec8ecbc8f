"""`in_threads`: a function over many items on all cores, where it leaves Python while it works."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

_TOGETHER = 4  # items of a thread's turn, so that turns cost little


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
