"""A user's own rules, by ``package.module:function``. What such a function is: see the package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from millrace.data.cleaning.reasons import RULE, Refusals
from millrace.data.decoding import Decoded, Pictures
from millrace.errors import SpecError
from millrace.workflow.registry import load


def refuse_by_rules(
    refusals: Refusals, decoded: Decoded, labels: Sequence[str | None], paths: Sequence[str]
) -> None:
    """Apply the rules, in order, to the rows that are not refused so far.

    Raises:
        SpecError: a rule cannot be imported, raises, or does not return one value a record.
    """
    for path in paths:
        rule = load(path)
        accepted = refusals.accepted
        for group in decoded.groups:
            kept = accepted[group.rows]
            if kept.any():
                chosen = Pictures(group.rows[kept], group.images[kept], group.encoding)
                _apply(refusals, chosen, labels, path, rule)


def _apply(
    refusals: Refusals, group: Pictures, labels: Sequence[str | None], path: str, rule: Any
) -> None:
    try:
        answers = list(rule(group.images, [labels[row] for row in group.rows]))
    except Exception as error:
        raise SpecError(
            "a cleaning rule failed",
            where=path,
            received=f"{type(error).__name__}: {error}",
            remedy="Correct the rule; see millrace.data.cleaning for what it receives.",
        ) from error
    if len(answers) != len(group.rows):
        raise SpecError(
            "a cleaning rule must return one value a record",
            where=path,
            expected=f"{len(group.rows)} values",
            received=f"{len(answers)} values",
        )
    name = path.rpartition(":")[2]
    refused = np.array([bool(answer) for answer in answers], bool)
    details = [a if isinstance(a, str) else f"refused by {name}" for a in answers if a]
    refusals.refuse(group.rows[refused], RULE + name, details)
