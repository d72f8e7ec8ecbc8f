"""`FACTS`: what is known of a content without looking at what it shows, and who knows it.

A model of such facts alone says how far a shortcut would reach. No content enters.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import pyarrow as pa

NUMBERS = ("file_bytes", "bytes_per_pixel", "width", "height", "channels", "border_grey")
"""Facts that are numbers: bytes, bytes a pixel, pixels, pixels, channels as the file has them, and
the mean grey of the outermost pixels, 0 to 255."""

FACTS = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        *(pa.field(name, pa.float64()) for name in NUMBERS),
        pa.field("format", pa.string()),
        pa.field("header", pa.list_(pa.string())),
    ]
)
"""The facts of a record; null where they are unknown. ``format`` is the file's format and mode, or
its transfer syntax; ``header`` has a few fields of the file's header, each as ``name=value``."""


@runtime_checkable
class Factual(Protocol):
    """What was seen of contents (`millrace.data.modality.Examined`), where facts of them exist."""

    def facts(self, raw: pa.Table) -> pa.Table:
        """Return the facts of every row, see `FACTS`.

        Args:
            raw: the table that was looked at.
        """
