"""The crash matrix as Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from crash.matrix import Tally

_HEAD = "| stack | victim | kills | runs | violations |\n|---|---|---|---|---|"


def report(tallies: Iterable[Tally], facts: Iterable[tuple[str, object]]) -> str:
    """Return the tables and the violations.

    Args:
        tallies: a stack each. facts: shown above: what was run, where.
    """
    known = list(tallies)
    lines = ["# Crash matrix", "", *(f"- {name}: {value}" for name, value in facts), "", _HEAD]
    for tally in known:
        lines += [
            f"| {tally.kind} | {name} | {hits} | {tally.runs[name]} | {tally.faults[name]} |"
            for name, hits in sorted(tally.hits.items())
        ]
    kills = sum(sum(tally.hits.values()) for tally in known)
    runs = sum(tally.total for tally in known)
    violations = [sentence for tally in known for sentence in tally.violations]
    lines += [f"| **all** | | **{kills}** | **{runs}** | **{len(violations)}** |", ""]
    lines += [_sentence(tally) for tally in known]
    if violations:
        lines += ["", "Violations:", "", *(f"- {sentence}" for sentence in violations)]
    return "\n".join(lines) + "\n"


def _sentence(tally: Tally) -> str:
    return (
        f"- {tally.kind}: {tally.seconds:,.0f} s for {tally.total} disturbed runs; a run takes "
        f"{tally.undisturbed:.0f} s undisturbed, {tally.slowest:.0f} s at most; "
        f"{tally.repeated} epochs were trained twice; "
        f"{tally.reaped} ended containers were left to the reaper; "
        f"{tally.missed} strikes found nothing to hit"
    )
