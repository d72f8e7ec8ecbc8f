"""`learn_columns`: what the training split says of each column.

Categories are counted over all of its records. Figures of numbers are of its first records, as many
as memory should hold: the split was shuffled when it was written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from millrace.errors import DataError, shorten
from millrace.learning.rows.categories import Places
from millrace.learning.rows.encoder import RowEncoder, categories_of, numbers_of
from millrace.learning.rows.numbers import Scaling, Values
from millrace.workflow.table_models import Features, Outliers

_SAMPLE = 256 << 20  # bytes of numbers, about
_CONSTANT = 1e-12  # a spread below it, relative to the largest number, is rounding
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_SHOWN = 20  # categories of the reference statistics
_REACH = {"iqr": 1.5, "zscore": 3.0}

Columns = Mapping[str, Mapping[str, Any]]
Tables = Callable[[], Iterable[pa.Table]]


@dataclass(frozen=True)
class LearntColumns:
    """What was learnt.

    Attributes:
        encoder: of the records. reference: statistics of the training split, by column.
    """

    encoder: RowEncoder
    reference: Mapping[str, Any]


def learn_columns(
    training: Tables, columns: Columns, features: Features, *, empty: bool = False
) -> LearntColumns:
    """Learn from canonical records.

    Args:
        training: the records, a table at a time, as often as it is called.
        columns: values of `TableTransform.columns`; ``missing`` may also be ``keep``, which leaves
            NaN where no number is.
        empty: whether a column may have no value at all.

    Raises:
        DataError: a column has no value in the training split.
        SpecError: there are too many categories.
    """
    names = sorted(columns)
    numeric = [name for name in names if columns[name]["kind"] == "numeric"]
    category = [name for name in names if columns[name]["kind"] == "category"]
    statistics: dict[str, Any] = {}
    numbers, counts = _sample(training, len(numeric)), _counts(training, len(category))
    if not empty:
        absent: list[bool] = np.asarray(np.isnan(numbers).all(axis=0)).tolist()
        absent += [not any(word is not None for word in found) for found in counts]
        _check_present([*numeric, *category], absent)
    scaling = _scaling(numbers, numeric, columns, features, statistics)
    places = [
        _places(name, columns[name], found, features, statistics)
        for name, found in zip(category, counts, strict=True)
    ]
    return LearntColumns(RowEncoder(scaling, places), statistics)


def _sample(training: Tables, columns: int) -> Values:
    """Return the numbers of the first records ``(rows, columns)``."""
    parts = [np.zeros((0, columns))]
    for table in training() if columns else ():
        parts.append(numbers_of(table))
        if sum(part.nbytes for part in parts) > _SAMPLE:
            break
    return np.concatenate(parts)


def _scaling(
    numbers: Values,
    names: Sequence[str],
    columns: Columns,
    features: Features,
    statistics: dict[str, Any],
) -> Scaling:
    if not names:
        return Scaling((), *(np.zeros(0) for _ in range(5)))
    missing = np.isnan(numbers)
    absent = missing.all(axis=0)
    numbers = np.where(absent, 0.0, numbers)
    largest = np.nanmax(np.abs(numbers), axis=0)
    largest[largest == 0] = 1.0
    x = numbers / largest  # so that no square is beyond double precision
    quantiles, mean, std = np.nanquantile(x, _QUANTILES, axis=0), *_moments(x)
    by_mean = np.array([columns[name]["missing"] == "mean" for name in names])
    fill = np.where(by_mean, mean, quantiles[2])
    low, high = _limits(features.outliers, quantiles, mean, std)
    x = np.clip(np.where(np.isnan(x), fill, x), low, high)
    kept = np.array([columns[name]["missing"] == "keep" for name in names])
    offset, scale = _scale(features.scale, x)
    for place, name in enumerate(names):
        statistics[name] = {
            "missing": float(missing[:, place].mean()),
            "mean": float(mean[place] * largest[place]),
            "std": float(std[place] * largest[place]),
            "quantiles": (quantiles[:, place] * largest[place]).tolist(),
        }
    with np.errstate(over="ignore"):  # a limit beyond double precision is none
        low, high = low * largest, high * largest
    return Scaling(
        tuple(names),
        np.where(kept & ~absent, np.nan, fill * largest),
        low,
        high,
        *_unscaled(features.scale, offset, scale, largest),
    )


def _moments(x: Values) -> tuple[Values, Values]:
    mean, std = np.nanmean(x, axis=0), np.nanstd(x, axis=0)
    std[std < _CONSTANT] = 0.0
    return mean, std


def _limits(
    outliers: Outliers, quantiles: Values, mean: Values, std: Values
) -> tuple[Values, Values]:
    """Return where numbers end; columns without spread have no limits."""
    none = np.full(len(mean), np.inf)
    if outliers.rule == "none":
        return -none, none
    reach = outliers.reach or _REACH[outliers.rule]
    low, high = (quantiles[1], quantiles[3]) if outliers.rule == "iqr" else (mean, mean)
    width = high - low if outliers.rule == "iqr" else std
    spread = width > _CONSTANT
    return (
        np.where(spread, low - reach * width, -none),
        np.where(spread, high + reach * width, none),
    )


def _scale(kind: str, x: Values) -> tuple[Values, Values]:
    if kind == "range":
        offset, width = x.min(axis=0), x.max(axis=0) - x.min(axis=0)
    else:
        offset, width = x.mean(axis=0), x.std(axis=0)
    return offset, 1 / np.where(width < _CONSTANT, 1.0, width)


def _unscaled(kind: str, offset: Values, scale: Values, largest: Values) -> tuple[Values, Values]:
    """Return offset and scale of the numbers as they are."""
    if kind == "none":
        return np.zeros(len(offset)), np.ones(len(offset))
    with np.errstate(over="ignore"):
        factor = scale / largest
    return offset * largest, np.where(np.isfinite(factor), factor, 1.0)


def _counts(training: Tables, columns: int) -> list[Counter[str | None]]:
    """Count the categories of each column; memory is bounded by the different ones."""
    counts: list[Counter[str | None]] = [Counter() for _ in range(columns)]
    for table in training() if columns else ():
        for counter, texts in zip(counts, categories_of(table), strict=True):
            for found in pc.value_counts(texts).to_pylist():
                counter[found["values"]] += found["counts"]
    return counts


def _places(
    name: str,
    column: Mapping[str, Any],
    counts: Counter[str | None],
    features: Features,
    statistics: dict[str, Any],
) -> Places:
    rows, missing = counts.total(), counts.pop(None, 0)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    statistics[name] = {
        "missing": missing / max(rows, 1),
        "different": len(ordered),
        "counts": {str(word): count for word, count in ordered[:_SHOWN]},
    }
    if column["places"] is not None:
        return Places(name, hashed=column["places"])
    kept = [str(word) for word, count in ordered if count >= features.min_count]
    fill = str(ordered[0][0]) if column["missing"] == "most_frequent" else None
    return Places(name, tuple(kept[: features.vocabulary]), fill=fill)


def _check_present(names: Sequence[str], absent: Sequence[bool]) -> None:
    empty = [shorten(repr(name), 60) for name, none in zip(names, absent, strict=True) if none]
    if empty:
        more = f" and {len(empty) - 5} more" if len(empty) > 5 else ""
        raise DataError(
            "columns have no value in the training split",
            where="train split",
            expected="a value in at least one record",
            received=f"none in {', '.join(empty[:5])}{more}",
            remedy="Take them out of transform.columns.",
        )
