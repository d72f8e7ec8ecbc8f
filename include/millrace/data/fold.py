"""The fold stage: the data set of one fold, to train on all others and be scored on it.

The fold is its test split. Of the other records, a share of each class, in whole groups, is its
validation split.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import read_schema, read_table, row_bytes, write_table
from millrace.data.folding.balanced import balanced
from millrace.data.folding.records import Known
from millrace.data.integration.ordered import OrderedRows
from millrace.data.integration.sides import SIDES
from millrace.errors import DataError
from millrace.workflow.stage import Counts, StageContext, StageResult

_MOST = 0.5  # share of the other folds for validation
Numbers = npt.NDArray[np.int64]


def run(context: StageContext) -> StageResult:
    """Write the splits of one fold.

    Parameters (keyed): ``fold``, its number from 1; ``validation``, share of all records for
    choosing the epoch; ``seed``. Inputs: ``dataset``; ``folds``, of it. Writes ``train.parquet``,
    ``validation.parquet`` and ``test.parquet``, as integration does.

    Raises:
        DataError: a class is missing on a side; the folds are of another data set.
    """
    dataset, params = context.one("dataset"), context.params
    known = Known.read(dataset.path("facts.parquet"))
    folds = pa.concat_tables(read_table(context.one("folds").path("folds.parquet")))
    _check_same(known.ids, folds["record_id"])
    sides = _sides(known, folds["fold"].to_numpy(), params)
    counts = _counts(known, sides)
    _check_classes(counts, params["fold"])
    rows = {side: int((sides == place).sum()) for place, side in enumerate(SIDES)}
    _write(context, dataset, _ranks(sides, params["seed"]), rows)
    kept = {name: dataset.facts.get(name) for name in ("labels", "records", "transform")}
    facts = {**kept, "rows": rows, "class_counts": counts, "fold": params["fold"]}
    total = len(sides)
    return StageResult(kind="dataset", rows=total, facts=facts, counts=Counts(total, total))


def _sides(known: Known, folds: Numbers, params: Any) -> Numbers:
    """Return the place in `SIDES` of every record."""
    test = folds == params["fold"]
    share = min(params["validation"] / (1 - 1 / int(folds.max())), _MOST)
    weights = np.array([share, 1 - share])
    sides = np.zeros(len(folds), np.int64)
    sides[~test] = 1 + balanced(known.classes[~test], known.groups[~test], weights, params["seed"])
    return sides


def _counts(known: Known, sides: Numbers) -> dict[str, dict[str, int]]:
    size = len(known.labels)
    return {
        side: dict(
            zip(
                known.labels,
                np.bincount(known.classes[sides == place], minlength=size).tolist(),
                strict=True,
            )
        )
        for place, side in enumerate(SIDES)
    }


def _check_classes(counts: dict[str, dict[str, int]], fold: int) -> None:
    missing = [
        f"{label} in {side}" for side in counts for label, rows in counts[side].items() if not rows
    ]
    if missing:
        raise DataError(
            f"fold {fold} has a side without one of the classes",
            where="evaluation.folds",
            expected="every class in the fold, and in train and validation of the others",
            received=f"none of {', '.join(missing[:5])}",
            remedy="Ask for fewer folds, or give records of more groups.",
        )


def _ranks(sides: Numbers, seed: int) -> Numbers:
    """Return the place of every record among all: side by side, each shuffled."""
    drawn = np.random.default_rng(seed).permutation(len(sides))
    ranks = np.empty(len(sides), np.int64)
    ranks[np.lexsort((drawn, sides))] = np.arange(len(sides))
    return ranks


def _write(context: StageContext, dataset: Artifact, ranks: Numbers, rows: dict[str, int]) -> None:
    paths = [dataset.path(f"{side}.parquet") for side in SIDES]
    schema = read_schema(paths[0])
    ordered = OrderedRows(context.scratch / "rows", schema, len(ranks), row_bytes(paths))
    start = 0
    for path in paths:
        for table in read_table(path):
            ordered.add(table, ranks[start : start + table.num_rows])
            start += table.num_rows
    stops = accumulate(rows[side] for side in SIDES)
    for side, stop in zip(SIDES, stops, strict=True):
        tables = _on(ordered.read(stop - rows[side], stop), side)
        write_table(context.output / f"{side}.parquet", schema, tables)


def _on(tables: Iterator[pa.Table], side: str) -> Iterator[pa.Table]:
    for table in tables:
        place = table.schema.get_field_index("split")
        field = table.schema.field(place)
        yield table.set_column(place, field, pa.repeat(side, table.num_rows))


def _check_same(ids: pa.Array, others: pa.ChunkedArray) -> None:
    if others.equals(pa.chunked_array([ids])):
        return
    raise DataError(
        "the folds are of another data set",
        where="fold",
        expected=f"the {len(ids):,} records of the data set, in their order",
        received=f"{len(others):,} records",
        remedy="Force the stage `folds`.",
    )
