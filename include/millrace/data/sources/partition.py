"""`Partition`: a part of a source that is collected, cleaned and transformed by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from millrace.errors import DataError

MOVING = ("index", "offset")
"""Fields that tell where a partition is. They move as a source grows, so no key holds them."""


@dataclass(frozen=True)
class Partition:
    """Records `start` (included) to `stop` (excluded) of a source's file.

    Attributes:
        source: name of the source.
        index: number of the partition in its source, from 0.
        start, stop: positions of records in the file or member, from 0.
        fingerprint: digest of the content that the records come from, and of nothing else.
        member: file inside an archive or folder, or null.
        offset: byte at which record `start` begins, in a text file; else 0.
    """

    source: str
    index: int
    start: int
    stop: int
    fingerprint: str
    member: str | None = None
    offset: int = 0

    @property
    def rows(self) -> int:
        """Number of records."""
        return self.stop - self.start

    def to_document(self) -> dict[str, Any]:
        """Return the partition as JSON values."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Partition:
        """Rebuild a partition from `to_document`'s values."""
        return cls(
            **{name: document[name] for name in cls.__dataclass_fields__ if name in document}
        )

    def check_unchanged(self, fingerprint: str) -> None:
        """Raise `DataError` where the content is no longer what was discovered."""
        if fingerprint != self.fingerprint:
            raise DataError(
                "a source changed after it was discovered",
                where=f"source {self.source}, partition {self.index}",
                expected=self.fingerprint,
                received=fingerprint,
                remedy="Start a new run, which discovers the source again.",
            )


def split_document(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what of a partition's document is content, and so keyed, and where it is."""
    content = {name: value for name, value in document.items() if name not in MOVING}
    return content, {name: document[name] for name in MOVING if name in document}


def cut(
    source: str,
    rows: int,
    size: int,
    fingerprint: str,
    *,
    member: str | None = None,
    first: int = 0,
) -> list[Partition]:
    """Cut `rows` records into partitions of at most `size` rows, numbered from `first`."""
    return [
        Partition(source, first + number, start, min(start + size, rows), fingerprint, member)
        for number, start in enumerate(range(0, rows, size))
    ]
