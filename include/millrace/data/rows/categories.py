"""`to_categories`: values of a column as names, and what is said of those that are none."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from millrace.data.rows.numbers import WRONG_TYPE, Problem, shown

LONGEST = 1_000
"""Characters of a category, at most."""


def to_categories(
    values: Sequence[Any], missing: Collection[str]
) -> tuple[pa.Array, list[Problem]]:
    """Return the names ``pa.string()``, null where there is none, and what is wrong with values.

    Args:
        values: what JSON has. missing: texts that mean that a value is missing.
    """
    problems: list[Problem] = []
    if not set(map(type, values)) <= {str, type(None)}:
        values = [_text(row, value, problems) for row, value in enumerate(values)]
    texts = pc.utf8_trim_whitespace(pa.array(values, pa.string()))
    absent = pc.is_in(texts, pa.array(["", *missing], pa.string()))
    long = pc.fill_null(pc.greater(pc.utf8_length(texts), LONGEST), False)
    said = f"a text of more than {LONGEST:,} characters"
    problems += [Problem(row, WRONG_TYPE, said) for row in pc.indices_nonzero(long).to_pylist()]
    return pc.if_else(pc.or_(absent, long), pa.scalar(None, pa.string()), texts), problems


def _text(row: int, value: Any, problems: list[Problem]) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return shown(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, int):
        return str(value)
    if not (isinstance(value, float) and math.isnan(value)):
        problems.append(Problem(row, WRONG_TYPE, f"{shown(value)} is no category"))
    return None
