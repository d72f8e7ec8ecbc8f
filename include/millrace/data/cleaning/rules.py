"""A user's own rules, by ``package.module:function``. What such a function is: see the package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.artifacts.tables import Images
from millrace.data.cleaning.reasons import RULE, Refusals
from millrace.data.cleaning.seen import Sight
from millrace.errors import SpecError
from millrace.workflow.registry import load


def refuse_by_rules(
    refusals: Refusals, sight: Sight, labels: Sequence[str | None], paths: Sequence[str]
) -> None:
    """Apply the rules, in order, to the rows that are not refused so far.

    Raises:
        SpecError: a rule cannot be imported, raises, or does not return one value a record.
    """
    for path in paths:
        rule = load(path)
        accepted = refusals.accepted
        for group in sight.groups:
            kept = accepted[group.rows]
            if kept.any() and group.full is not None:
                _apply(refusals, group.rows[kept], group.full[kept], labels, path, rule)


def _apply(
    refusals: Refusals,
    rows: npt.NDArray[np.int64],
    images: Images,
    labels: Sequence[str | None],
    path: str,
    rule: Any,
) -> None:
    try:
        answers = list(rule(images, [labels[row] for row in rows]))
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
