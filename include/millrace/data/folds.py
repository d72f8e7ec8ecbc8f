"""The folds stage: which fold every record of a data set is in. Grouped and stratified.

Folds are of all records, those of the test split included: each fold's model is trained anew
without it, and no decision on the workflow's own model is taken by them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from millrace.artifacts.tables import write_table
from millrace.data.folding.balanced import balanced
from millrace.data.folding.records import Known
from millrace.errors import DataError
from millrace.workflow.stage import StageContext, StageResult

FOLDS = pa.schema(
    [pa.field("record_id", pa.string(), nullable=False), pa.field("fold", pa.int64(), False)]
)
"""A record and its fold, from 1, in the order of the data set: test, validation, train."""

_LEAST = 2
_SHOWN = 5


def run(context: StageContext) -> StageResult:
    """Share the groups of a data set out among folds.

    Parameters (keyed): ``folds``, how many; ``seed``; ``required``: whether too few groups are an
    error. Else there are fewer folds, or none, and the fact ``reason`` says why. Input:
    ``dataset``, with ``facts.parquet``. Writes ``folds.parquet``; the fact ``folds`` is how many.

    Raises:
        DataError: a label is missing, or a class has fewer groups than folds and ``required``.
    """
    asked, required = int(context.params["folds"]), bool(context.params["required"])
    known = Known.read(context.one("dataset").path("facts.parquet"))
    groups = known.groups_of_classes()
    if required:
        _check(groups, asked)
    count = min(asked, *groups.values())
    enough = count >= _LEAST and len(groups) > 1
    parts = np.zeros(0, np.int64)
    if enough:
        weights = np.full(count, 1 / count)
        parts = balanced(known.classes, known.groups, weights, context.params["seed"])
    ids = known.ids.slice(0, len(parts))
    table = pa.table([ids, pa.array(parts + 1)], schema=FOLDS)
    rows = write_table(context.output / "folds.parquet", FOLDS, [table])
    reason = None if enough else f"too few groups for folds: {_said(groups)}"
    sizes = np.bincount(parts, minlength=count).tolist() if enough else []
    facts = {"folds": count if enough else 0, "rows": sizes, "groups": groups, "reason": reason}
    return StageResult(kind="folds", rows=rows, facts=facts)


def _check(groups: Mapping[str, int], folds: int) -> None:
    few = {name: count for name, count in groups.items() if count < folds}
    if not few and len(groups) > 1:
        return
    raise DataError(
        "a class has fewer groups than there are folds",
        where="evaluation.folds",
        expected=f"at least {folds} groups (patients, families of near duplicates) of two classes "
        "or more",
        received=_said(few or groups),
        remedy="Ask for fewer folds, or give records of more groups.",
    )


def _said(groups: Mapping[str, int]) -> str:
    fewest = sorted(groups.items(), key=lambda item: item[1])[:_SHOWN]
    more = f" and {len(groups) - _SHOWN} more classes" if len(groups) > _SHOWN else ""
    return ", ".join(f"{label} {count:,}" for label, count in fewest) + more
