"""The integrate stage: unite all partitions into one data set with its splits. Changes no picture.

Memory holds a few short columns a record; pictures are streamed, and shuffled once through buckets
on disk. The result does not depend on the order of the partitions nor on how the sources were cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.artifacts.tables import count_rows, image_shape, read_schema, read_table, write_table
from millrace.data.clean import count_reasons
from millrace.data.integration.balance import class_counts
from millrace.data.integration.budget import check_refusals
from millrace.data.integration.ordered import OrderedRows
from millrace.data.integration.refused import Cleaned, Refused
from millrace.data.integration.rows import Rows, number, read_all
from millrace.data.integration.splits import SIDES, Sides, assign, fixed_sides, shuffle_order
from millrace.data.integration.transforms import common_transform
from millrace.data.integration.verdicts import judge
from millrace.data.integration.vocabulary import vocabulary
from millrace.data.schemas import dataset
from millrace.errors import DataError
from millrace.workflow.stage import Counts, StageContext, StageResult

_SMALL_COLUMNS = 200  # bytes of a record beside its picture, about


@dataclass(frozen=True)
class _Accepted:
    """The records of the data set: their numbers among the rows, their sides and labels."""

    numbers: npt.NDArray[np.int64]
    sides: Sides
    labels: list[str]
    counts: dict[str, dict[str, int]]


def run(context: StageContext) -> StageResult:
    """Unite, compare, split and shuffle the records.

    Parameters (keyed): ``split``, values of `Split`; ``sources``, each source's fixed side or null;
    ``labels``, the vocabulary (empty: what is found); ``duplicates`` and ``budget`` of
    `ImageCleaning`. Inputs: ``records``, transformed artifacts; ``cleaned``, the clean artifacts
    they came from. Writes ``train.parquet``, ``validation.parquet``, ``test.parquet``,
    ``quarantine.parquet`` and ``duplicates.parquet``.

    Raises:
        DataError: no record is left; a reason exceeds its budget; a single class; a class too small
            to split; record ids that are not unique; inputs of different transforms.
    """
    transform = common_transform([a.facts.get("transform") for a in context.inputs["records"]])
    paths = [artifact.path("records.parquet") for artifact in context.inputs["records"]]
    cleaned = _cleaned(context)
    rows = Rows.read(paths)
    fixed = fixed_sides(rows, context.params["sources"])
    verdicts = judge(
        rows, fixed, cleaned.quarantine, context.params["labels"], context.params["duplicates"]
    )
    quarantined, duplicates = _write_refused(context, Refused(rows, verdicts, cleaned))
    _check_sources(context, rows)
    received = _received(cleaned)
    quarantine = context.output / "quarantine.parquet"
    by_reason = count_reasons(quarantine)
    check_refusals(by_reason, received, context.params["budget"], [quarantine])
    kept = np.flatnonzero(verdicts.kept)
    _check_left(len(kept), received, by_reason)
    accepted = _split(rows, fixed, kept, context.params)
    _write_splits(context, paths, rows, accepted)
    return StageResult(
        kind="dataset",
        rows=len(kept),
        facts={
            "labels": accepted.labels,
            "transform": transform,
            "shape": list(image_shape(read_schema(paths[0]))),
            "rows": {side: sum(counts.values()) for side, counts in accepted.counts.items()},
            "class_counts": accepted.counts,
            "by_reason": by_reason,
        },
        counts=Counts(received, len(kept), quarantined, duplicates),
    )


def _cleaned(context: StageContext) -> Cleaned:
    names = ("records.parquet", "quarantine.parquet", "duplicates.parquet")
    return Cleaned(*([a.path(name) for a in context.inputs["cleaned"]] for name in names))


def _write_refused(context: StageContext, refused: Refused) -> tuple[int, int]:
    """Write quarantine and duplicates; return their numbers of rows."""
    out, scratch = context.output, context.scratch
    return (
        refused.write_quarantine(out / "quarantine.parquet", scratch / "quarantine"),
        refused.write_duplicates(out / "duplicates.parquet", scratch / "duplicates"),
    )


def _received(cleaned: Cleaned) -> int:
    files = [*cleaned.records, *cleaned.quarantine, *cleaned.duplicates]
    return sum(count_rows(path) for path in files)


def _check_sources(context: StageContext, rows: Rows) -> None:
    seen = set(rows.sources.unique().to_pylist())
    for name in ("quarantine.parquet", "duplicates.parquet"):
        for table in read_table(context.output / name, columns=["source"]):
            seen.update(table["source"].unique().to_pylist())
    silent = sorted(set(context.params["sources"]) - seen)
    if silent:
        raise DataError(
            "a source gave no record",
            where="integrate",
            expected="at least one record of every source",
            received=f"none of {', '.join(silent)}",
            remedy="Check what the source's URI points to.",
        )


def _check_left(kept: int, received: int, by_reason: Mapping[str, int]) -> None:
    if kept:
        return
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in by_reason.items())
    raise DataError(
        "no record is left after cleaning",
        where="integrate",
        expected="at least one accepted record",
        received=f"{received:,} records, refused as: {reasons or 'none received'}",
        remedy="Look at the quarantine tables, and correct the sources or the cleaning rules.",
    )


def _split(
    rows: Rows, fixed: Sides, kept: npt.NDArray[np.int64], params: Mapping[str, Any]
) -> _Accepted:
    left = rows.take(kept)
    labels = vocabulary(params["labels"], left.labels.unique().to_pylist())
    sides = assign(left, fixed[kept], params["split"])
    counts = class_counts(number(left.labels, labels), sides, labels)
    return _Accepted(kept, sides, labels, counts)


def _write_splits(
    context: StageContext, paths: list[Path], rows: Rows, accepted: _Accepted
) -> None:
    left = rows.take(accepted.numbers)
    shuffled = shuffle_order(left, context.params["split"]["seed"])
    order = shuffled[np.argsort(accepted.sides[shuffled], kind="stable")]
    ranks = np.full(len(rows), -1, np.int64)
    ranks[accepted.numbers[order]] = np.arange(len(order))
    canonical = read_schema(paths[0])
    shape = image_shape(canonical)
    ordered = OrderedRows(
        context.scratch / "rows", canonical, ranks, int(np.prod(shape)) + _SMALL_COLUMNS
    )
    for table in read_all(paths):
        ordered.add(table)
    start = 0
    for place, side in enumerate(SIDES):
        stop = start + int((accepted.sides == place).sum())
        tables = (_with_side(table, side) for table in ordered.read(start, stop))
        write_table(context.output / f"{side}.parquet", dataset(shape), tables)
        start = stop


def _with_side(table: pa.Table, side: str) -> pa.Table:
    return table.append_column("split", pa.repeat(side, table.num_rows))
