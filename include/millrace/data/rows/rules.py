"""The rules of every column: present, of its type, finite, in its range, one of its categories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.data.cleaning.reasons import UNDECODABLE, Refusals
from millrace.data.rows.numbers import NOT_FINITE, WRONG_TYPE, Problem, shown
from millrace.data.rows.read import RowReader, Rows
from millrace.errors import shorten

MISSING_VALUE = "missing_value"
OUT_OF_RANGE = "out_of_range"
UNKNOWN_CATEGORY = "unknown_category"

_ORDER = (MISSING_VALUE, WRONG_TYPE, NOT_FINITE, OUT_OF_RANGE, UNKNOWN_CATEGORY)
_NAMED = 5  # fields that a detail names
_LONGEST = 60  # characters of a field's name in a detail


def refuse_rows(refusals: Refusals, reader: RowReader, rows: Rows, *, labelled: bool) -> None:
    """Refuse what breaks the contract of `reader.columns`.

    Args:
        labelled: whether the records are to learn from: then an unknown category is refused.
    """
    failed = np.array(sorted(rows.failures), np.int64)
    refusals.refuse(failed, UNDECODABLE, [rows.failures[row] for row in failed.tolist()])
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for name, problem in _problems(reader, rows, labelled):
        said = f"{shorten(name, _LONGEST)}: {problem.said}"
        found[problem.row].append((_ORDER.index(problem.reason), said))
    by_reason: dict[int, list[int]] = defaultdict(list)
    for row, problems in found.items():
        by_reason[min(place for place, _ in problems)].append(row)
    for place, broken in sorted(by_reason.items()):
        details = [_detail(found[row]) for row in broken]
        refusals.refuse(np.array(broken, np.int64), _ORDER[place], details)


def _detail(problems: list[tuple[int, str]]) -> str:
    ordered = sorted(problems, key=lambda problem: problem[0])
    more = len(ordered) - _NAMED
    said = "; ".join(said for _, said in ordered[:_NAMED])
    return f"{said}; and {more} more" if more > 0 else said


def _problems(reader: RowReader, rows: Rows, labelled: bool) -> Iterator[tuple[str, Problem]]:
    for place, name in enumerate(reader.numeric):
        wrong = rows.problems.get(name, [])
        yield from ((name, problem) for problem in wrong)
        column, values = reader.columns[name], rows.numbers[:, place]
        yield from ((name, one) for one in _missing(column, np.isnan(values), wrong))
        yield from ((name, one) for one in _outside(column, values))
    for name, texts in zip(reader.category, rows.categories, strict=True):
        wrong = rows.problems.get(name, [])
        yield from ((name, problem) for problem in wrong)
        column, absent = reader.columns[name], texts.is_null().to_numpy(zero_copy_only=False)
        yield from ((name, one) for one in _missing(column, absent, wrong))
        if labelled and column["categories"] is not None:
            yield from ((name, one) for one in _unknown(texts, column["categories"]))


def _missing(
    column: Mapping[str, Any], absent: npt.NDArray[np.bool_], wrong: list[Problem]
) -> Iterator[Problem]:
    if column["missing"] == "refuse":
        known = {problem.row for problem in wrong}
        rows = np.flatnonzero(absent).tolist()
        yield from (Problem(row, MISSING_VALUE, "missing") for row in rows if row not in known)


def _outside(column: Mapping[str, Any], values: npt.NDArray[np.float64]) -> Iterator[Problem]:
    for limit, sign, words in ((column["low"], 1, "below"), (column["high"], -1, "above")):
        if limit is not None:
            for row in np.flatnonzero(sign * values < sign * limit).tolist():
                yield Problem(row, OUT_OF_RANGE, f"{values[row]:.12g} is {words} {limit:.12g}")


def _unknown(texts: pa.Array, categories: list[str]) -> Iterator[Problem]:
    known = pc.is_in(texts, pa.array(categories, pa.string()))
    strange = pc.and_(pc.invert(known), texts.is_valid())
    for row in pc.indices_nonzero(strange).to_pylist():
        yield Problem(row, UNKNOWN_CATEGORY, f"{shown(texts[row].as_py())} is none of the list")
