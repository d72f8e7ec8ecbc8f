"""`parse` and `find`: JSON objects as strangers write them, and their fields by dotted names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class _TwiceError(ValueError):
    """Two fields of an object have one name."""


def parse(line: bytes) -> dict[str, Any]:
    """Return the object that a line of UTF-8 holds.

    Raises:
        ValueError: it is none, is nested too deeply, or has two fields of one name; a
            `UnicodeDecodeError` where it is not UTF-8.
    """
    try:
        found = json.loads(line.decode("utf-8"), object_pairs_hook=_unique)
    except RecursionError as error:
        raise ValueError("JSON that is nested too deeply") from error
    except (UnicodeDecodeError, _TwiceError):
        raise
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON object: {error.msg} at character {error.pos + 1}") from error
    except ValueError as error:  # of Python, which reads no more than 4,300 digits
        raise ValueError("a number of too many digits") from error
    if not isinstance(found, dict):
        raise ValueError(  # noqa: TRY004 (of the data, not of the code)
            f"a JSON {type(found).__name__} instead of an object"
        )
    return found


def find(record: Mapping[str, Any], path: str) -> tuple[bool, Any]:
    """Return whether there is a field, and its value; `path` is a key, or keys between dots."""
    if path in record:
        return True, record[path]
    key, dot, rest = path.partition(".")
    inner = record.get(key)
    return find(inner, rest) if dot and isinstance(inner, Mapping) else (False, None)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _TwiceError(f"two fields are named {twice[:80]!r}")
    return record
