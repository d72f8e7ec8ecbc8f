"""The integrate stage: unite all partitions into one data set with its splits. Changes no content.

Memory does not grow with the records: their small columns lie in a ledger on disk, and contents are
streamed, and shuffled once through buckets on disk. The result does not depend on the order of the
partitions nor on how the sources were cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from millrace.artifacts.tables import count_rows, read_schema, row_bytes, write_table
from millrace.data.clean import count_reasons
from millrace.data.integration.budget import check_refusals
from millrace.data.integration.content_facts import load_facts, write_facts
from millrace.data.integration.earlier import Cleaned, load_earlier
from millrace.data.integration.families import Families
from millrace.data.integration.groups import UNITED
from millrace.data.integration.hidden import hidden_leakage
from millrace.data.integration.label_facts import label_facts
from millrace.data.integration.leakage import leakage
from millrace.data.integration.ledger import Ledger
from millrace.data.integration.ordered import OrderedRows
from millrace.data.integration.portions import Portions
from millrace.data.integration.records import Hashes, digest_words, load_records, read_all
from millrace.data.integration.refused import write_duplicates, write_quarantine
from millrace.data.integration.sides import SIDES
from millrace.data.integration.splits import assign
from millrace.data.integration.transforms import common
from millrace.data.integration.verdicts import judge
from millrace.data.modality import open_modality
from millrace.data.schemas import dataset
from millrace.data.spill import Spill
from millrace.errors import DataError
from millrace.workflow.stage import Counts, StageContext, StageResult

_SOURCES = """SELECT source FROM records UNION SELECT source FROM quarantined
    UNION SELECT source FROM copies"""

_JOINED = """CREATE TABLE joined AS SELECT r.row, coalesce(p.rowid, -1) AS place, high
    FROM records r LEFT JOIN placed p USING (row)"""

_PLACES = "SELECT place, high FROM joined ORDER BY row"

_FACTS = "facts.parquet"
_PLACE = pa.schema([("place", pa.int64()), ("high", pa.uint64())])


@dataclass(frozen=True)
class _Refused:
    """What does not enter the data set, in rows."""

    received: int
    quarantined: int
    duplicates: int
    by_reason: Mapping[str, int]


def run(context: StageContext) -> StageResult:
    """Unite, compare, split and shuffle the records.

    Parameters (keyed): ``split``, values of `Split`; ``sources``, each source's fixed side or null;
    ``labels``, the vocabulary (empty: what is found); ``target``, where labels are numbers, the
    values of `Quantity`; ``modality``, ``rules`` and what else the
    clean stage had; ``near_conflicts`` and ``budget`` of its `Cleaning`; ``grouped``, true where
    the groups of records are asked for. Inputs: ``records``, transformed artifacts; ``cleaned``,
    the clean artifacts they came from, in the same order. Writes ``train.parquet``,
    ``validation.parquet``, ``test.parquet``, ``quarantine.parquet`` and ``duplicates.parquet``;
    where ``grouped``, or facts of contents are known, ``facts.parquet``, see `DESCRIBED`.

    Raises:
        DataError: no record is left; a reason exceeds its budget; a single class; a class too small
            to split; record ids that are not unique; inputs of different transforms or orders.
    """
    params, cleaned = context.params, _cleaned(context)
    transform = common([a.facts.get("transform") for a in context.inputs["records"]])
    canonical = common([a.facts.get("records") for a in context.inputs["records"]])
    paths = [artifact.path("records.parquet") for artifact in context.inputs["records"]]
    places = Spill(context.scratch / "places.arrow", _PLACE)
    with Ledger(context.scratch) as ledger:
        load_records(ledger, cleaned.records, params)
        load_earlier(ledger, cleaned, params)
        judge(ledger, params["rules"]["duplicates"], params["rules"].get("conflicts", "refuse"))
        families = _families(context, ledger, cleaned)
        refused = _write_refused(context, ledger, cleaned)
        known = [a.path(_FACTS) for a in context.inputs["cleaned"] if a.has(_FACTS)]
        load_facts(ledger, known)
        facts = _split(ledger, params, families) | {"content_facts": bool(known)}
        if known or params.get("grouped"):
            write_facts(ledger, context.output / _FACTS)
        ledger.run(_JOINED)
        for part in ledger.answer(_PLACES):
            places.append(part)
    _write_splits(context, paths, places, facts["rows"])
    kept = sum(facts["rows"].values())
    return StageResult(
        kind="dataset",
        rows=kept,
        facts={"transform": transform, "records": canonical, "by_reason": refused.by_reason}
        | facts,
        counts=Counts(refused.received, kept, refused.quarantined, refused.duplicates),
    )


def _cleaned(context: StageContext) -> Cleaned:
    names = ("records.parquet", "quarantine.parquet", "duplicates.parquet")
    return Cleaned(*([a.path(name) for a in context.inputs["cleaned"]] for name in names))


def _families(context: StageContext, ledger: Ledger, cleaned: Cleaned) -> Families | None:
    """Unite near duplicates to groups of the split, where that is asked for."""
    params = context.params
    ledger.load("united", UNITED, lambda: ())
    if params["rules"]["near_duplicates"] == "keep":
        return None
    families = Families(ledger, open_modality(params["modality"]), cleaned.records, context.scratch)
    if params["near_conflicts"] == "refuse":
        families.refuse_quarrels()
    families.unite_groups(params["split"]["seed"])
    return families


def _write_refused(context: StageContext, ledger: Ledger, cleaned: Cleaned) -> _Refused:
    """Write quarantine and duplicates, and check that enough is left."""
    params, quarantine = context.params, context.output / "quarantine.parquet"
    quarantined = write_quarantine(ledger, cleaned, quarantine, context.scratch / "quarantine")
    duplicates = write_duplicates(ledger, context.output / "duplicates.parquet")
    _check_sources(ledger, params["sources"])
    files = [*cleaned.records, *cleaned.quarantine, *cleaned.duplicates]
    received, by_reason = sum(map(count_rows, files)), count_reasons(quarantine)
    check_refusals(by_reason, received, params["budget"], [quarantine])
    _check_left(received - quarantined - duplicates, received, by_reason)
    return _Refused(received, quarantined, duplicates, by_reason)


def _split(ledger: Ledger, params: Mapping[str, Any], families: Families | None) -> dict[str, Any]:
    """Give every record its side and its place; return what is to be said of the data set."""
    assign(ledger, params["split"])
    facts = label_facts(ledger, params)
    near = {} if families is None else {"near_duplicates": families.facts()}
    counted = leakage(
        ledger, facts["rows"], near=families is not None, classes="target" not in params
    )
    if "target" not in params:
        counted["warnings"] = hidden_leakage(ledger, near.get("near_duplicates", {}))
    return {**facts, **near, **counted}


def _check_sources(ledger: Ledger, sources: Mapping[str, str | None]) -> None:
    seen = {source for (source,) in ledger.rows(_SOURCES)}
    silent = sorted(set(sources) - seen)
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
        remedy="See `millrace quarantine`, and correct the sources or the cleaning rules.",
    )


def _write_splits(
    context: StageContext, paths: Sequence[Path], places: Spill, rows: Mapping[str, int]
) -> None:
    canonical = read_schema(paths[0])
    ordered = OrderedRows(context.scratch / "rows", canonical, sum(rows.values()), row_bytes(paths))
    portions = Portions(places.tables())
    for table in read_all(paths):
        known = portions.take(table.num_rows)
        _check_same(table, known["high"].to_numpy())
        ordered.add(table, known["place"].to_numpy())
    stops = accumulate(rows[side] for side in SIDES)
    for side, stop in zip(SIDES, stops, strict=True):
        tables = (_with_side(table, side) for table in ordered.read(stop - rows[side], stop))
        write_table(context.output / f"{side}.parquet", dataset(canonical), tables)


def _check_same(table: pa.Table, expected: Hashes) -> None:
    if np.array_equal(digest_words(table["content_digest"])[:, 0], expected):
        return
    raise DataError(
        "the transformed records are not the cleaned ones",
        where="integrate",
        expected="the same records in the same order, partition by partition",
        received=f"others from {table['record_id'][0]} on",
        remedy="Give `records` and `cleaned` in one order.",
    )


def _with_side(table: pa.Table, side: str) -> pa.Table:
    return table.append_column("split", pa.repeat(side, table.num_rows))
