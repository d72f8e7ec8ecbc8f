"""The figures of the others on the same records: the baseline and the current champion.

A champion that answers another question (other labels, records of another shape or transform) is
not comparable, which is a finding and not an error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import count_rows, read_table, regroup
from millrace.errors import DataError
from millrace.learning.bundle import Bundle
from millrace.learning.evaluation.figures import Figures
from millrace.learning.predictions import predict_table

_ROWS = 65_536


def baseline_figures(
    baseline: Artifact, test: Path, judge: Figures, replicates: int, seed: int
) -> dict[str, Any]:
    """Return the baseline's ``{"kind", "metrics": {name: value}, "slices"}``.

    `judge` is the challenger's; the baseline's own threshold, where it has one, decided its
    predictions.

    Raises:
        DataError: its predictions are not of the records of `test`, in their order.
    """
    path = baseline.path("predictions.parquet")
    _check_same_records(path, test)
    outcomes = judge.outcomes(read_table(path), "baseline predictions")
    return {
        "kind": baseline.facts.get("kind"),
        "metrics": judge.overall(outcomes),
        "slices": judge.slices(outcomes, replicates, seed),
    }


def champion_figures(
    champion: Artifact,
    bundle: Bundle,
    challenger: Any,
    test: Path,
    replicates: int,
    seed: int,
    by: str,
) -> dict[str, Any]:
    """Score the champion, by the rule of its own, on the challenger's test records.

    Returns:
        ``{"comparable": True, "metrics", "slices", "accuracy_gain": {"value", "low", "high"}}``,
        the gain being the challenger's accuracy less the champion's, or that of the figure `by`
        under its name; or ``{"comparable": False, "reason"}``.
    """
    other = Bundle.open(champion)
    reason = _difference(other, bundle)
    if reason is not None:
        return {"comparable": False, "reason": reason}
    judge = bundle.target.figures(other.labels)
    outcomes = judge.outcomes(predict_table(other, test), "test split")
    low, high = judge.difference(challenger, outcomes, replicates, seed, by)
    metrics = judge.overall(outcomes)
    gain = judge.overall(challenger)[by] - metrics[by]
    return {
        "comparable": True,
        "metrics": metrics,
        "slices": judge.slices(outcomes, replicates, seed),
        f"{by}_gain": {"value": gain, "low": low, "high": high},
    }


def _difference(champion: Bundle, challenger: Bundle) -> str | None:
    other = challenger.target.other_than(champion.target)
    if other is not None:
        return other
    theirs, ours = champion.document.get("records"), challenger.document.get("records")
    if theirs != ours:
        return f"the champion takes records of {theirs}, not of {ours}"
    theirs, ours = champion.document.get("transform"), challenger.document.get("transform")
    if theirs is None or ours is None or theirs == ours:
        return None
    names = sorted(n for n in {*theirs, *ours} if theirs.get(n) != ours.get(n))
    return f"the champion takes records of another transform: {', '.join(names)} differ"


def _check_same_records(predictions: Path, test: Path) -> None:
    counts = count_rows(predictions), count_rows(test)
    left, right = (regroup(read_table(path, ["record_id"]), _ROWS) for path in (predictions, test))
    if counts[0] == counts[1] and all(map(_equal, left, right)):
        return
    raise DataError(
        "the baseline was scored on other records than the test split",
        where="baseline predictions",
        expected=f"the {counts[1]:,} records of the test split, in their order",
        received=f"{counts[0]:,} records",
        remedy="Force the baseline stage, so that it runs on this dataset.",
    )


def _equal(left: pa.Table, right: pa.Table) -> bool:
    return bool(left["record_id"].equals(right["record_id"]))
