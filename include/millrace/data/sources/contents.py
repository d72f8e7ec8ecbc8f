"""`content_table`: RAW tables of records whose contents are at hand one by one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from millrace.data.encoding import BYTES, TEXT, unreadable
from millrace.data.schemas import RAW
from millrace.data.sources.array_labels import text_or_none
from millrace.data.sources.partition import Partition
from millrace.data.sources.raw import record_table, with_origins


class Content(NamedTuple):
    """What a record holds: its bytes, their encoding (`millrace.data.encoding`), its names."""

    content: bytes | None
    encoding: str
    label: str | None = None
    group: str | None = None

    @property
    def size(self) -> int:
        """Bytes of the content."""
        return len(self.content or b"")


LARGEST_TEXT = 32 << 20
"""Bytes of a text or message that goes on, at most."""


def too_large(label: str | None, size: int | None = None) -> Content:
    """Return the record of a text above `LARGEST_TEXT`, which has no content.

    Args:
        size: in bytes, where it is known.
    """
    most = f"{LARGEST_TEXT:,}"
    said = f"more than {most} bytes" if size is None else f"{size:,} bytes; at most {most} are read"
    return Content(None, unreadable(said), label)


def refused(content: bytes | None, reason: str) -> Content:
    """Return the record that its source could not read, which goes on to quarantine."""
    return Content(content, unreadable(reason))


def text_content(value: Any, label: str | None = None, group: str | None = None) -> Content:
    """Return a value of a column of texts as a record; bytes are a text where they are UTF-8."""
    if isinstance(value, str):
        return Content(value.encode("utf-8"), TEXT, label, group)
    if not isinstance(value, bytes):
        said = "missing" if value is None else f"of type {type(value).__name__}"
        return refused(None, f"the text is {said}")
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return Content(value, BYTES, label, group)
    return Content(value, TEXT, label, group)


def label_of(value: Any) -> str | None:
    """Return a value as a label: as `label_texts` does, but fractions stay as they are.

    Raises:
        ValueError: it is a list, or another value of several.
    """
    if value is None or isinstance(value, bool):
        return None if value is None else str(int(value))
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, Mapping | list | tuple):
        raise ValueError(  # noqa: TRY004 (of the data, not of the code)
            f"a {type(value).__name__} in the place of a label or group"
        )
    return text_or_none(value)


def content_table(
    partition: Partition, start: int, contents: Sequence[Content], file: str, first: int
) -> pa.Table:
    """Return contents as records.

    Args:
        start: position of the first. file: name, without folders, that origins show.
        first: number of the first in its file, as origins show it.
    """
    table = record_table(
        partition.source,
        start,
        pa.array([one.content for one in contents], pa.binary()),
        pa.array([one.encoding for one in contents], pa.string()),
        [one.label for one in contents],
        file,
        groups=[one.group for one in contents],
    )
    return with_origins(table, file, first)


def named_table(
    partition: Partition,
    start: int,
    names: Sequence[str],
    origins: Sequence[str],
    contents: Sequence[Content],
) -> pa.Table:
    """Return contents as records with names of their own, unique in their source.

    Args:
        start: position of the first.
    """
    columns = {
        "record_id": pa.array([f"{partition.source}/{name}" for name in names], pa.string()),
        "source": pa.repeat(partition.source, len(contents)),
        "position": pa.array(range(start, start + len(contents)), pa.int64()),
        "origin": pa.array(origins, pa.string()),
        "group": pa.array([one.group for one in contents], pa.string()),
        "label": pa.array([one.label for one in contents], pa.string()),
        "content": pa.array([one.content for one in contents], pa.binary()),
        "encoding": pa.array([one.encoding for one in contents], pa.string()),
    }
    return pa.table(columns, schema=RAW)
