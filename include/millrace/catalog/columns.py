"""Column types that keep the same promise on SQLite and on PostgreSQL. No table lives here.

Times are UTC and aware in Python; names are bounded and stay distinct; prose is bounded; documents
are JSON without NaN. Text that a database cannot hold (NUL, lone surrogates) is replaced.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, String, TypeDecorator

from millrace.errors import shorten

_DIGEST = 16  # hexadecimal digits that keep two long names apart
_NOTE = 40  # characters that `shorten` may add
_LONGEST_TEXT = 2_000  # characters of one string inside an error document


class UtcTime(TypeDecorator[datetime]):
    """A moment, aware and in UTC; SQLite, which has no time zones, holds it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Attach or convert to UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Name(TypeDecorator[str]):
    """An identity of at most `length` characters; a longer one ends in a digest of the whole."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Bound the name, the same way for storing and for looking up."""
        if value is None:
            return None
        text, longest = storable(value), _length(self)
        if len(text) <= longest:
            return text
        digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
        return f"{text[: longest - _DIGEST - 1]}~{digest}"


class Prose(TypeDecorator[str]):
    """A sentence for people of at most `length` characters, with a note of what was cut."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Bound the sentence."""
        if value is None:
            return None
        text, longest = storable(value), _length(self)
        return text if len(text) <= longest else shorten(text, longest - _NOTE)


def document_column() -> JSON:
    """Return the type of a column of JSON values, where None is SQL's NULL."""
    return JSON(none_as_null=True)


def dump_document(value: Any) -> str:
    """Write JSON values; figures that are not finite become null."""
    return json.dumps(_plain(value), allow_nan=False)


def trimmed(value: Any) -> Any:
    """Return JSON values with every long string cut."""
    if isinstance(value, str):
        return shorten(value, _LONGEST_TEXT)
    if isinstance(value, Mapping):
        return {str(name): trimmed(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [trimmed(item) for item in value]
    return value


def storable(text: str) -> str:
    """Return `text` without what a database refuses: NUL and lone surrogates."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _length(column: TypeDecorator[str]) -> int:
    return int(getattr(column.impl_instance, "length", 0))


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
