"""`Entry`: a file of a store as a listing shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from millrace.errors import SpecError

_WORDS = ("LastModified", "last_modified", "updated", "mtime", "modification_time", "created")


@dataclass(frozen=True)
class Entry:
    """A file of a store.

    Attributes:
        name: relative to the root, with ``/``. bytes: its size.
        modified: when it was written, by the store's own clock; seconds since the epoch.
    """

    name: str
    bytes: int
    modified: float


def modified(info: Mapping[str, Any]) -> float:
    """Return when a file was written; each kind of store has a word of its own for it."""
    value = next((info[name] for name in _WORDS if info.get(name) is not None), None)
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, int | float):
        return float(value)
    raise SpecError("the store does not tell when its files were written", received=list(info))
