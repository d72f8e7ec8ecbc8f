"""`bounded`: items gathered into lists of bounded number and size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

MOST_ROWS = 8_192
"""Records of a RAW table, at most."""

MOST_BYTES = 64 << 20
"""Bytes that the contents of a RAW table have, about, at most."""

Item = TypeVar("Item")


def bounded(
    items: Iterable[Item],
    size: Callable[[Item], int],
    *,
    rows: int = MOST_ROWS,
    most: int = MOST_BYTES,
) -> Iterator[list[Item]]:
    """Yield the items, in order, in lists.

    Args:
        size: bytes of an item. rows: items of a list, at most.
        most: bytes of a list, at most, unless a single item has more.
    """
    batch: list[Item] = []
    held = 0
    for item in items:
        length = size(item)
        if batch and (len(batch) == rows or held + length > most):
            yield batch
            batch, held = [], 0
        batch.append(item)
        held += length
    if batch:
        yield batch
