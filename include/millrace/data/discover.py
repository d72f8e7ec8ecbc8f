"""The discover stage: list every source's partitions with their fingerprints. Reads no record.

Light on purpose: neither numpy nor pyarrow is imported, so that a run in which nothing changed
stays quick.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.data.sources.partition import Partition
from millrace.data.sources.reader import open_reader
from millrace.errors import DataError, SpecError
from millrace.workflow.stage import StageContext, StageResult


def run(context: StageContext) -> StageResult:
    """List the partitions of all sources.

    Parameters (keyed): ``limit``, at most that many records a source, or null. Locations:
    ``sources``, documents of the spec's sources.

    Raises:
        DataError: a source is missing, damaged or empty.
        SpecError: a source's kind or options are wrong.
    """
    limit: int | None = context.params.get("limit")
    partitions = [
        partition.to_document()
        for document in context.locations["sources"]
        for partition in _partitions(document, limit)
    ]
    records = sum(document["stop"] - document["start"] for document in partitions)
    return StageResult(
        kind="partitions",
        rows=len(partitions),
        facts={"partitions": partitions},
        metrics={"partitions": len(partitions), "records": records},
    )


def _partitions(document: Mapping[str, Any], limit: int | None) -> list[Partition]:
    found = open_reader(document).partitions()
    _check(document["name"], found)
    return found if limit is None else _first(found, limit)


def _check(source: str, partitions: list[Partition]) -> None:
    where = f"source {source}"
    wrong = [p for p in partitions if not isinstance(p, Partition) or p.source != source]
    indices = [p.index for p in partitions if isinstance(p, Partition)]
    if wrong or len(set(indices)) != len(indices):
        raise SpecError(
            "a reader lists partitions that are not its own, or one index twice",
            where=where,
            expected=f"Partition values of source {source!r}, each with an index of its own",
            received=wrong or sorted(indices),
        )
    if sum(p.rows for p in partitions) <= 0:
        raise DataError(
            "a source holds no record",
            where=where,
            expected="at least one record",
            received=0,
            remedy="Check what the source's URI points to.",
        )


def _first(partitions: list[Partition], limit: int) -> list[Partition]:
    """Return partitions that hold the first `limit` records."""
    kept, left = [], limit
    for partition in partitions:
        if left <= 0:
            break
        stop = min(partition.stop, partition.start + left)
        left -= stop - partition.start
        kept.append(
            Partition(**{**partition.to_document(), "stop": stop})
            if stop < partition.stop
            else partition
        )
    return kept
