"""`make_plan`: which strikes fall into which run, and when; the same for the same seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Strike:
    """One disturbance.

    Attributes:
        victim: its name. moment: fraction of the victim's window, from 0 to 1.
        seed: of what the strike draws itself: which prey, how long.
    """

    victim: str
    moment: float
    seed: int


def make_plan(seed: int, quotas: Mapping[str, int], at_once: int) -> list[list[Strike]]:
    """Return the strikes of each run, in order.

    Args:
        seed: of all that is drawn.
        quotas: how often each victim is struck. at_once: strikes in a run, at most.
    """
    random = Random(seed)
    names = [name for name, number in sorted(quotas.items()) for _ in range(number)]
    random.shuffle(names)
    strikes = [Strike(name, random.random(), random.randrange(2**31)) for name in names]
    runs: list[list[Strike]] = []
    while strikes:
        size = random.randint(1, at_once)
        runs.append(sorted(strikes[:size], key=lambda strike: strike.moment))
        strikes = strikes[size:]
    return runs
