"""`check_refusals`: fail the run where one reason refuses more records than its budget allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from millrace.errors import BudgetExceeded

_DEFAULT = 0.05
_ORIGINS = 3


def check_refusals(
    by_reason: Mapping[str, int],
    received: int,
    budget: Mapping[str, float],
    quarantines: Iterable[Path],
) -> None:
    """Compare refusals with their budgets.

    Args:
        by_reason: refused records by reason.
        received: records that cleaning received, of all sources.
        budget: largest share by reason, ``default`` for the rest (0.05 unless given).
        quarantines: files of the refused records, to name where most came from; looked at only
            where a budget is exceeded.

    Raises:
        BudgetExceeded: a reason exceeds its budget.
    """
    for reason, count in sorted(by_reason.items(), key=lambda item: -item[1]):
        limit = budget.get(reason, budget.get("default", _DEFAULT))
        if count > limit * received:
            raise BudgetExceeded(
                f"too many records were refused as {reason!r}, most of them in "
                f"{_origins(quarantines, reason)}",
                where="clean.budget",
                expected=f"at most {limit:.2%} of {received:,} records",
                received=f"{count / received:.2%} ({count:,} records)",
                remedy="`millrace quarantine` shows them, and lets you correct them. Correct "
                "them, the source or the cleaning rules; or raise clean.budget for "
                f"{reason!r} if this is how the data is.",
            )


def place(origin: str) -> str:
    """Return the file that a record lies in, or the folder of one that is a file itself."""
    file, mark, _ = origin.rpartition("#")
    if mark:
        return file
    folder, slash, name = origin.rpartition("/")
    return f"{folder}/" if slash else name


def _origins(quarantines: Iterable[Path], reason: str) -> str:
    import pyarrow.compute as pc

    from millrace.artifacts.tables import read_table

    counts: Counter[str] = Counter()
    tables = (t for path in quarantines for t in read_table(path, columns=["origin", "reason"]))
    for table in tables:
        origins = table["origin"].filter(pc.equal(table["reason"], reason)).to_pylist()
        counts.update(map(place, origins))
    return ", ".join(f"{name} ({count:,})" for name, count in counts.most_common(_ORIGINS))
