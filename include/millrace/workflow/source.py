"""`Source`: what every source of a spec has, whatever its kind."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from millrace.workflow.base import Name, Value

FixedSplit = Literal["train", "validation", "test"]


class Source(Value):
    """What every source has.

    Attributes:
        name: unique in the workflow; the first part of its records' ids.
        label_map: maps the source's raw labels to the workflow's. Raw labels not named stay as
            they are; a raw label mapped to null is refused into quarantine.
        split: puts all of the source's records on one side; null leaves it to the workflow's split.
        partition_rows: records a partition, at most. Large sources are cut so.
    """

    name: Name
    label_map: dict[str, str | None] = {}
    split: FixedSplit | None = None
    partition_rows: int = Field(10_000, ge=1, le=10_000_000)
