"""A user's own rules, by ``package.module:function``. What such a function is: see the package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.data.cleaning.reasons import RULE, Refusals
from millrace.errors import SpecError
from millrace.workflow.registry import load


def refuse_by_rules(
    refusals: Refusals,
    groups: Sequence[tuple[npt.NDArray[np.int64], Any]],
    labels: Sequence[str | None],
    paths: Sequence[str],
) -> None:
    """Apply the rules, in order, to the rows that are not refused so far.

    Args:
        groups: row numbers, and an array of their contents, of each batch that a rule takes.
        labels: of all rows of the table.

    Raises:
        SpecError: a rule cannot be imported, raises, or does not return one value a record.
    """
    for path in paths:
        rule = load(path)
        accepted = refusals.accepted
        for rows, contents in groups:
            kept = accepted[rows]
            if kept.any():
                _apply(refusals, rows[kept], contents[kept], labels, path, rule)


def _apply(
    refusals: Refusals,
    rows: npt.NDArray[np.int64],
    contents: Any,
    labels: Sequence[str | None],
    path: str,
    rule: Any,
) -> None:
    try:
        answers = list(rule(contents, [labels[row] for row in rows]))
    except Exception as error:
        raise SpecError(
            "a cleaning rule failed",
            where=path,
            received=f"{type(error).__name__}: {error}",
            remedy="Correct the rule; see millrace.data.cleaning for what it receives.",
        ) from error
    if len(answers) != len(rows):
        raise SpecError(
            "a cleaning rule must return one value a record",
            where=path,
            expected=f"{len(rows)} values",
            received=f"{len(answers)} values",
        )
    name = path.rpartition(":")[2]
    refused = np.array([bool(answer) for answer in answers], bool)
    details = [a if isinstance(a, str) else f"refused by {name}" for a in answers if a]
    refusals.refuse(rows[refused], RULE + name, details)
