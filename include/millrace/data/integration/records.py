"""`load_records`: the ledger's table of all records that cleaning accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.artifacts.tables import column_to_images, read_table
from millrace.data.cleaning.reasons import Refusals
from millrace.data.integration.ledger import Ledger
from millrace.data.integration.sides import place
from millrace.data.labels.labels import open_labels

_READ = ["record_id", "source", "position", "origin", "group", "label", "content_digest"]

RECORDS = pa.schema(
    [
        ("row", pa.int64()),
        *((name, pa.string()) for name in ("record_id", "source", "origin", "group", "label")),
        ("position", pa.int64()),
        ("high", pa.uint64()),
        ("low", pa.uint64()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("fixed", pa.int8()),
        ("team", pa.uint64()),
        ("share", pa.float64()),
        ("key", pa.uint64()),
    ]
)
"""A record: its number, counted over the files in their order; its place and label; the two halves
of its content digest; why its label refuses it, or null; its source's fixed side (see `SIDES`, 3
where it has none); the hash of its group, the share in 0..1 drawn from it, and its place in the
shuffle."""

Hashes = npt.NDArray[np.uint64]


def load_records(ledger: Ledger, cleaned: Sequence[Path], params: Mapping[str, Any]) -> None:
    """Make the table ``records``, see `RECORDS`.

    Args:
        cleaned: files of clean records.
        params: of the integrate stage.
    """
    ledger.load("records", RECORDS, lambda: _numbered(cleaned, params))


def read_all(paths: Sequence[Path], columns: list[str] | None = None) -> Iterator[pa.Table]:
    """Yield the row groups of several tables, in the order of the files; none is empty."""
    for path in paths:
        yield from (table for table in read_table(path, columns) if table.num_rows)


def mix(values: Hashes, seed: int) -> Hashes:
    """Return 64-bit hashes of hashes (the finaliser of SplitMix64, Steele et al. 2014)."""
    z = values + np.uint64((seed + 1) * 0x9E3779B97F4A7C15 % 2**64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def drawn_share(groups: Hashes, seed: int) -> npt.NDArray[np.float64]:
    """Return the share, 0 to 1, that decides the side of each group."""
    share: npt.NDArray[np.float64] = mix(groups, seed) / 2.0**64
    return share


def _numbered(paths: Sequence[Path], params: Mapping[str, Any]) -> Iterator[pa.Table]:
    start = 0
    for table in read_all(paths, _READ):
        table = table.combine_chunks()
        rows = pa.array(np.arange(start, start + table.num_rows))
        yield _judged(table, params).append_column("row", rows)
        start += table.num_rows


def _judged(table: pa.Table, params: Mapping[str, Any]) -> pa.Table:
    split, words = params["split"], digest_words(table["content_digest"])
    refusals = Refusals(table.num_rows)
    labels = _whole(table["label"])
    open_labels(params).refuse(refusals, table["label"], labels)
    teams = _teams(table, words[:, 0], split["group"])
    columns = {
        "high": words[:, 0],
        "low": words[:, 1],
        "reason": refusals.reasons(),
        "detail": refusals.details(),
        "fixed": _fixed(table["source"], params["sources"]),
        "team": teams,
        "share": drawn_share(teams, split["seed"]),
        "key": mix(mix(words[:, 0], split["seed"]), 1),
    }
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    return table


def digest_words(digests: pa.ChunkedArray) -> Hashes:
    """Return the two 64-bit halves of content digests, ``(rows, 2)``."""
    return column_to_images(digests, (16, 1, 1)).reshape(-1, 16).view("<u8").astype(np.uint64)


def _fixed(sources: pa.ChunkedArray, sides: Mapping[str, str | None]) -> npt.NDArray[np.int8]:
    encoded = _whole(sources).dictionary_encode()
    places = [place(sides.get(name)) for name in encoded.dictionary.to_pylist()]
    fixed: npt.NDArray[np.int8] = np.array(places, np.int8)[encoded.indices.to_numpy()]
    return fixed


def _teams(table: pa.Table, content: Hashes, group: str) -> Hashes:
    """Return the hash of each record's group: the one that its source gave, or its own."""
    groups = _whole(table["group"])
    own = groups.is_valid().to_numpy(zero_copy_only=False)
    teams = content if group == "content" else _hash(_whole(table["record_id"]))
    if own.any():
        teams = teams.copy()
        teams[own] = _hash(groups.filter(pa.array(own)))
    return teams


def _hash(texts: pa.Array) -> Hashes:
    encoded = texts.dictionary_encode()
    digests = [blake2b(t.encode(), digest_size=8).digest() for t in encoded.dictionary.to_pylist()]
    hashes = np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)
    spread: Hashes = hashes[encoded.indices.to_numpy()]
    return spread


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
