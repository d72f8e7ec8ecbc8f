"""`load_earlier`: the ledger's tables of the records that cleaning left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from millrace.data.cleaning.reasons import CONFLICTING_LABEL
from millrace.data.integration.ledger import Ledger
from millrace.data.integration.records import read_all
from millrace.data.modality import open_modality
from millrace.data.schemas import DUPLICATES

_TEXT = pa.string()
_QUARANTINED = pa.schema([("number", pa.int64()), ("record_id", _TEXT), ("source", _TEXT)])
_CONFLICTS = pa.schema(
    [("record_id", _TEXT), ("label", _TEXT), ("high", pa.uint64()), ("low", pa.uint64())]
)


@dataclass(frozen=True)
class Cleaned:
    """The files of clean artifacts, by what they hold."""

    records: Sequence[Path]
    quarantine: Sequence[Path]
    duplicates: Sequence[Path]


def load_earlier(ledger: Ledger, cleaned: Cleaned, params: Mapping[str, Any]) -> None:
    """Make the tables ``quarantined`` (``number`` counts over the files), ``copies`` (duplicates
    within a partition) and ``earlier`` (the quarantined whose equals carried other labels).

    Args:
        params: of the integrate stage.
    """
    ledger.load("quarantined", _QUARANTINED, lambda: _quarantined(cleaned.quarantine))
    ledger.load("copies", DUPLICATES, lambda: read_all(cleaned.duplicates))
    ledger.load("earlier", _CONFLICTS, lambda: _conflicts(cleaned.quarantine, params))


def _quarantined(paths: Sequence[Path]) -> Iterator[pa.Table]:
    start = 0
    for table in read_all(paths, ["record_id", "source"]):
        numbers = pa.array(np.arange(start, start + table.num_rows))
        yield table.append_column("number", numbers)
        start += table.num_rows


def _conflicts(paths: Sequence[Path], params: Mapping[str, Any]) -> Iterator[pa.Table]:
    for path in paths:
        reasons = read_all([path], ["reason"])
        if any(pc.any(pc.equal(t["reason"], CONFLICTING_LABEL)).as_py() for t in reasons):
            for table in read_all([path], ["record_id", "label", "reason", "content", "encoding"]):
                chosen = table.filter(pc.equal(table["reason"], CONFLICTING_LABEL))
                yield _digested(chosen, params)


def _digested(table: pa.Table, params: Mapping[str, Any]) -> pa.Table:
    digests = open_modality(params["modality"]).digests(table, params)
    words = digests.view("<u8").reshape(-1, 2).astype(np.uint64)
    for place, name in enumerate(("high", "low")):
        table = table.append_column(name, pa.array(words[:, place]))
    return table
