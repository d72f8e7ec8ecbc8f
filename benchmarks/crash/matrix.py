"""`disturb`: the plan of one stack carried out, run by run, and the tally of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psutil

from crash.observation import Outcome
from crash.plan import Strike, make_plan
from crash.runner import Runner
from crash.verdict import judge
from millrace.errors import MillraceError

_LATER = 3  # times that a strike which found nothing is put off to a run of its own


@dataclass
class Tally:
    """What came out of one stack.

    Attributes:
        kind: of the stack. hits: strikes that hit, by victim. runs: disturbed runs, by victim.
        violations: sentences, each with its run. missed: strikes that never found their victim.
        repeated: epochs that were trained twice. reaped: ended containers that the reaper took.
        seconds: for all of it.
        undisturbed, slowest: seconds of a run.
        total: disturbed runs.
    """

    kind: str
    hits: dict[str, int] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    missed: int = 0
    repeated: int = 0
    reaped: int = 0
    total: int = 0
    undisturbed: float = 0.0
    slowest: float = 0.0
    seconds: float = 0.0

    def add(self, run_id: str, hits: list[Strike], outcome: Outcome, found: list[str]) -> None:
        """Count a disturbed run."""
        self.total += 1
        self.reaped += outcome.reaped
        self.slowest = max(self.slowest, outcome.seconds)
        self.repeated += len(outcome.epochs) - len({number for _, number in outcome.epochs})
        self.violations += [f"{run_id}: {sentence}" for sentence in found]
        for strike in hits:
            self.hits[strike.victim] = self.hits.get(strike.victim, 0) + 1
        for name in {strike.victim for strike in hits}:
            self.runs[name] = self.runs.get(name, 0) + 1
            self.faults[name] = self.faults.get(name, 0) + len(found)


def disturb(
    runner: Runner, quotas: Mapping[str, int], seed: int, at_once: int, say: Callable[[str], None]
) -> Tally:
    """Carry out the plan of a stack.

    Args:
        runner: in that stack. quotas: strikes of each victim.
        seed, at_once: of the plan. say: told what happens, a line a run.
    """
    tally, began = Tally(runner.stack.kind), time.monotonic()
    expected = runner.undisturbed()
    tally.undisturbed = expected.seconds
    say(f"{tally.kind}: undisturbed in {expected.seconds:.0f} s, training {runner.training:.0f} s")
    tally.violations += [f"undisturbed: {found}" for found in judge(expected, expected, 0)]
    plan = [] if tally.violations else make_plan(seed, quotas, at_once)
    missed: Counter[Strike] = Counter()
    for number, strikes in enumerate(plan, 1):  # grows while it is carried out
        hits = _carry_out(runner, expected, tally, f"{tally.kind}-{seed}-{number}", strikes, say)
        missed.update(strike for strike in strikes if strike not in hits)
        again = [
            strike for strike in strikes if 0 < missed[strike] <= _LATER and strike not in hits
        ]
        plan += [[strike] for strike in again]
    tally.missed = sum(number > _LATER for number in missed.values())
    tally.seconds = time.monotonic() - began
    return tally


def _carry_out(
    runner: Runner,
    expected: Outcome,
    tally: Tally,
    run_id: str,
    strikes: list[Strike],
    say: Callable[[str], None],
) -> list[Strike]:
    """Do a run with these strikes and judge it; return the strikes that hit."""
    try:
        outcome, hits = runner.struck(run_id, strikes)
    except (MillraceError, psutil.Error, OSError) as error:
        tally.violations.append(f"{run_id}: not judged, since {error}")
        say(tally.violations[-1])
        runner.recover(run_id)
        return strikes
    found = judge(expected, outcome, len(hits))
    tally.add(run_id, hits, outcome, found)
    say(_line(run_id, strikes, hits, outcome, found))
    if found:
        runner.recover(run_id)
    return hits


def _line(
    run_id: str, strikes: list[Strike], hits: list[Strike], outcome: Outcome, found: list[str]
) -> str:
    planned = "; ".join(
        f"{strike.victim} at {strike.moment:.2f}{'' if strike in hits else ' (missed)'}"
        for strike in strikes
    )
    verdict = "as it must be" if not found else "VIOLATED: " + " | ".join(found)
    return f"{run_id}: {planned}: {outcome.seconds:.0f} s, {verdict}"
