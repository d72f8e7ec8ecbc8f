"""`judge`: what a disturbed run must have in common with an undisturbed one.

It knows values only. Every sentence that it returns is a violation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from crash.observation import Outcome

_SHOWN = 3


def judge(undisturbed: Outcome, disturbed: Outcome, kills: int) -> list[str]:
    """Return the violations of a disturbed run; none: it is as it must be.

    Args:
        undisturbed: run of the same workflow in the same stack.
        disturbed: the run to judge.
        kills: disturbances that it suffered; each may cost one epoch.
    """
    return [
        *_ends(disturbed),
        *_digests(undisturbed, disturbed),
        *_rows(undisturbed, disturbed),
        *_history(undisturbed, disturbed),
        *_jobs(disturbed),
        *_epochs(undisturbed, disturbed, kills),
    ]


def _ends(run: Outcome) -> Iterator[str]:
    if run.state != "success":
        yield f"final state: Airflow says {run.state}, not success"
    if run.recorded != "done":
        yield f"final state: the catalog says {run.recorded}, not done"


def _digests(expected: Outcome, run: Outcome) -> Iterator[str]:
    for name in sorted(expected.outputs.keys() | run.outputs.keys()):
        wanted, made = expected.outputs.get(name, "none"), run.outputs.get(name, "none")
        if wanted != made:
            yield f"digest of {name}: {made[:12]}, undisturbed {wanted[:12]}"


def _rows(expected: Outcome, run: Outcome) -> Iterator[str]:
    wanted, made = Counter(expected.rows), Counter(run.rows)
    for what, rows in (("lost", wanted - made), ("doubled or new", made - wanted)):
        if rows:
            some = ", ".join(str(row[0]) for row in list(rows)[:_SHOWN])
            yield f"predictions: {rows.total():,} rows {what}, such as {some}"


def _history(expected: Outcome, run: Outcome) -> Iterator[str]:
    for name in ("versions", "promotions", "batches"):
        wanted, made = getattr(expected, name), getattr(run, name)
        if wanted != made:
            yield f"catalog: {made} {name}, undisturbed {wanted}"


def _jobs(run: Outcome) -> Iterator[str]:
    for key, number in sorted(run.alive.items()):
        if number > 1:
            yield f"at once: {number} jobs alive of the key {key[:24]}"
    if run.left:
        yield f"left behind: {', '.join(run.left[:_SHOWN])} ({len(run.left)} in all)"


def _epochs(expected: Outcome, run: Outcome, kills: int) -> Iterator[str]:
    """Every kill repeats at most one epoch, and no step goes back further than one."""
    numbers = [number for _, number in sorted(run.epochs)]
    allowed = len(expected.epochs) + kills
    if len(numbers) > allowed:
        yield f"epochs: {len(numbers)} executed, at most {allowed} allowed after {kills} kills"
    if set(numbers) != {number for _, number in expected.epochs}:
        yield f"epochs: {len(set(numbers))} different ones seen of {len(expected.epochs)}"
    for before, after in pairwise(numbers):
        if after < before:
            yield f"epochs: {before - after + 1} lost, from {before} back to {after}"
        elif after > before + 1:
            yield f"epochs: {after} came after {before}"
