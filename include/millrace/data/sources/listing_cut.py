"""`cut_by_content`: partitions that stay the same while a folder grows. Knows names and sizes only.

A list of names is cut where a name's hash says so, as in A. Muthitacharoen, B. Chen, D. Mazières,
"A Low-bandwidth Network File System", 2001: a file that is added or removed changes the partition
it lies in, and the cuts after it fall where they fell before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from millrace.data.sources.listing import Entry

MOST_BYTES = 256 << 20
"""Bytes of a partition, at most, unless a single file has more."""

_LEAST = 0.25  # of a full partition, before a hash may cut


def cut_by_content(entries: Iterable[Entry], rows: int) -> Iterator[list[Entry]]:
    """Cut sorted entries into runs of at most `rows` files and 256 MiB, half as full on average."""
    run: list[Entry] = []
    full = 0.0
    for entry in entries:
        share = max(1 / rows, entry.size / MOST_BYTES)
        over = full + share > 1 + 1e-9
        if run and (over or (full >= _LEAST and _chance(entry.name) < share / _LEAST)):
            yield run
            run, full = [], 0.0
        run.append(entry)
        full += share
    if run:
        yield run


def _chance(name: str) -> float:
    """Return a number of 0 to 1 that depends on nothing but the name."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
