"""The clean stage: apply the data contract to one partition. Refuses; repairs no record.

The one exception is of texts, whose encoding is repaired unless their rules say otherwise.

What the contract is: see `millrace.data.cleaning`. Memory is bounded by a row group of contents as
they are stored, what a modality sees at once, and the digests of the partition.
"""

from __future__ import annotations

import shutil
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.artifacts.tables import read_schema, read_table, write_table
from millrace.data.cleaning.conflicts import conflict_details
from millrace.data.cleaning.duplicates import Equals, find_equals
from millrace.data.cleaning.judge import Judge
from millrace.data.cleaning.reasons import CONFLICTING_LABEL
from millrace.data.content_facts import FACTS, Factual
from millrace.data.corrections import FILE_NAME, corrected
from millrace.data.modality import open_modality
from millrace.data.schemas import DUPLICATES, QUARANTINE
from millrace.data.spill import Spill
from millrace.data.threads import ahead
from millrace.workflow.stage import Counts, StageContext, StageResult


@dataclass(frozen=True)
class _Sorted:
    """A partition's rows after each was judged by itself; what is known of the accepted ones."""

    refused: Spill
    digests: npt.NDArray[np.bytes_]
    labels: pa.Array
    ids: pa.Array


def run(context: StageContext) -> StageResult:
    """Clean the records of one partition.

    Parameters (keyed): ``modality``; ``rules``, values of its `Cleaning`, and what else it needs to
    read contents (of pictures ``reduce_to``, see `millrace.data.pictures.reduction`; of tables
    ``columns`` and ``missing_words``); ``label_map``; ``labels``, the vocabulary (empty: any);
    ``target``, where labels are numbers, the values of `Quantity`; ``labelled``: false for records
    to predict, whose labels may be missing and whose duplicates are all kept. Inputs: ``records``
    (RAW); ``corrections`` of the source, optional, see `millrace.data.corrections`. Writes
    ``records.parquet`` (`Modality.clean`), ``quarantine.parquet`` and ``duplicates.parquet``; of
    labelled pictures ``facts.parquet``, see `FACTS`.

    Raises:
        SpecError: a user's rule fails, or the budget names an unknown reason.
    """
    out = context.output
    path = out / "records.parquet"
    rows = _judge(context, path)
    equals = _equals(rows, context.params)
    keep = ~(equals.conflicting | equals.duplicate)
    kept = int(keep.sum())
    duplicates = write_table(
        out / "duplicates.parquet", DUPLICATES, _duplicates(path, rows, equals)
    )
    if not keep.all():
        _keep_only(path, keep, context.scratch)
    quarantined = write_table(
        out / "quarantine.parquet", QUARANTINE, _quarantine(context, rows, equals)
    )
    return StageResult(
        kind="records",
        rows=kept,
        facts={"by_reason": count_reasons(out / "quarantine.parquet")},
        counts=Counts(len(keep) + rows.refused.rows, kept, quarantined, duplicates),
    )


def count_reasons(path: Path) -> dict[str, int]:
    """Return the number of rows of a quarantine file by reason, sorted by reason."""
    counts: Counter[str] = Counter()
    for table in read_table(path, columns=["reason"]):
        counts.update(table["reason"].to_pylist())
    return dict(sorted(counts.items()))


def _records(context: StageContext) -> Iterator[pa.Table]:
    """Yield the row groups of the records, with the corrections in place."""
    corrections = context.optional("corrections")
    path = None if corrections is None else corrections.path(FILE_NAME)
    tables = read_table(context.one("records").path("records.parquet"))
    return corrected(tables, path, context.params["label_map"])


def _judge(context: StageContext, path: Path) -> _Sorted:
    """Judge every record by itself, and write the accepted ones to `path` meanwhile."""
    modality = open_modality(context.params["modality"])
    judge, examiner = Judge(context.params, modality.clean), modality.examiner(context.params)
    refused = Spill(context.scratch / "refused.arrow", QUARANTINE)
    digests, labels, ids = [np.zeros(0, "S16")], [], []
    facts: list[pa.Table] = []

    def accepted() -> Iterator[pa.Table]:
        for part, seen in ahead(examiner, examiner.batches(_records(context))):
            good, bad, known = judge(part, seen)
            if context.params["labelled"] and isinstance(seen, Factual):
                found = seen.facts(part)
                facts.append(found.filter(pc.is_in(found["record_id"], good["record_id"])))
            refused.append(bad)
            digests.append(known)
            labels.extend(good["label"].chunks)
            ids.extend(good["record_id"].chunks)
            yield good

    with warnings.catch_warnings():  # once for all threads, which share the filters
        warnings.filterwarnings("ignore", module=r"PIL\.")
        write_table(path, modality.clean, accepted())
    if facts:
        write_table(path.with_name("facts.parquet"), FACTS, facts)
    return _Sorted(
        refused,
        np.concatenate(digests),
        pa.chunked_array(labels, pa.string()),
        pa.chunked_array(ids, pa.string()),
    )


def _equals(rows: _Sorted, params: Any) -> Equals:
    """Compare the accepted rows, as far as the parameters ask for it."""
    count = len(rows.digests)
    order = np.arange(count)
    if not params["labelled"]:
        return Equals(order, np.zeros(count, bool))
    names = pc.unique(rows.labels)
    labels = pc.index_in(rows.labels, names).to_numpy().astype(np.int32)
    preference = np.empty(count, np.int64)
    preference[pc.sort_indices(rows.ids).to_numpy()] = order
    found = find_equals(rows.digests, labels, preference)
    if params["rules"].get("conflicts", "refuse") == "keep":
        return Equals(order, np.zeros(count, bool))
    if params["rules"].get("duplicates", "exact") == "keep":
        return Equals(order, found.conflicting)
    return found


def _keep_only(path: Path, keep: npt.NDArray[np.bool_], scratch: Path) -> None:
    """Write a table file again with those of its rows; most partitions keep all."""
    whole = scratch / path.name
    shutil.move(path, whole)
    parts = _spans(read_table(whole))
    kept = (table.filter(pa.array(keep[span])) for table, span in parts)
    write_table(path, read_schema(whole), kept)


def _spans(tables: Iterable[pa.Table]) -> Iterator[tuple[pa.Table, slice]]:
    start = 0
    for table in tables:
        yield table, slice(start, start + table.num_rows)
        start += table.num_rows


def _quarantine(context: StageContext, rows: _Sorted, equals: Equals) -> Iterator[pa.Table]:
    """Yield the refused records, with their bytes as they were collected."""
    yield from rows.refused.tables()
    if not equals.conflicting.any():
        return
    chosen = pa.array(equals.conflicting)
    details = conflict_details(rows.digests, rows.labels, equals.conflicting)
    known = {
        "label": rows.labels.filter(chosen),
        "detail": pa.array(details[equals.conflicting], pa.string()),
    }
    ids = rows.ids.filter(chosen)
    for table in _records(context):
        table = table.filter(pc.is_in(table["record_id"], ids))
        places = pc.index_in(table["record_id"], ids)
        table = table.drop_columns("label")
        for name, values in known.items():
            table = table.append_column(name, values.take(places))
        table = table.append_column("reason", pa.repeat(CONFLICTING_LABEL, table.num_rows))
        yield table.select(QUARANTINE.names).cast(QUARANTINE)


def _duplicates(path: Path, rows: _Sorted, equals: Equals) -> Iterator[pa.Table]:
    duplicate = equals.duplicate
    if not duplicate.any():
        return
    originals = rows.ids.take(pa.array(equals.original))
    columns = [name for name in DUPLICATES.names if name != "duplicate_of"]
    for table, span in _spans(read_table(path, columns)):
        originals_here = originals.slice(span.start, table.num_rows)
        table = table.append_column("duplicate_of", originals_here)
        chosen = table.filter(pa.array(duplicate[span])).select(DUPLICATES.names)
        yield chosen.cast(DUPLICATES)
