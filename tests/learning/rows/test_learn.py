"""What the training split teaches of columns: fills, limits, scales, vocabularies."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from millrace.artifacts.tables import read_table, write_table
from millrace.errors import DataError, SpecError
from millrace.learning.rows.learn import learn_columns
from millrace.workflow.table_models import Features, Outliers

NAN = float("nan")


@pytest.fixture
def learn(tmp_path: Path, rows: Any) -> Any:
    """Return a function: numbers and categories of one column each -> what was learnt."""

    def learnt(numbers: Any = (), names: Any = (), features: Any = None, **column: Any) -> Any:
        kind = {"kind": "numeric", "missing": "median"}
        other = {"kind": "category", "missing": "unknown", "places": None}
        columns = {"x": kind | column} if len(numbers) else {"c": other | column}
        count = len(numbers) or len(names)
        table = rows(
            [[float(n)] for n in numbers] or [[]] * count,
            [[name] for name in names] or [[]] * count,
            columns,
        )
        write_table(tmp_path / "train.parquet", table.schema, [table])
        tables = partial(read_table, tmp_path / "train.parquet")
        return learn_columns(tables, columns, features or Features())

    return learnt


def scaling(learnt: Any) -> dict[str, Any]:
    (column,) = learnt.encoder.to_document()["numbers"]
    return dict(column)


@pytest.mark.parametrize(("missing", "fill"), [("median", 2.0), ("mean", 4.0)])
def test_missing_numbers_are_filled_by_the_training_split(
    learn: Any, missing: str, fill: float
) -> None:
    assert scaling(learn([1, 2, 9, NAN], missing=missing))["fill"] == pytest.approx(fill)


def test_numbers_are_standardised(learn: Any) -> None:
    numbers = np.random.default_rng(0).normal(1e9, 3, 500)
    learnt = learn(numbers)
    made = learnt.encoder.scaling(numbers[:, None])
    assert made.mean() == pytest.approx(0, abs=1e-5)
    assert made.std() == pytest.approx(1, abs=1e-5)


def test_numbers_are_brought_into_a_range(learn: Any) -> None:
    made = learn([5, 7, 15], features=Features(scale="range")).encoder
    assert made.scaling(np.array([[5.0], [10.0], [15.0]])).tolist() == [[0.0], [0.5], [1.0]]


def test_numbers_may_stay_as_they_are(learn: Any) -> None:
    made = learn([5, 7, 15], features=Features(scale="none")).encoder
    assert made.scaling(np.array([[5.0], [NAN]])).tolist() == [[5.0], [7.0]]


@pytest.mark.parametrize(
    ("rule", "low", "high"), [("iqr", 2 - 1.5 * 2, 4 + 1.5 * 2), ("zscore", None, None)]
)
def test_outliers_are_drawn_to_limits(learn: Any, rule: str, low: Any, high: Any) -> None:
    numbers = np.array([1.0, 2, 3, 4, 100])
    found = scaling(learn(numbers, features=Features(outliers=Outliers(rule=rule))))
    if rule == "zscore":
        low, high = numbers.mean() - 3 * numbers.std(), numbers.mean() + 3 * numbers.std()
    assert (found["low"], found["high"]) == pytest.approx((low, high))


def test_columns_whose_quartiles_are_equal_have_no_limits(learn: Any) -> None:
    numbers = [0.0] * 95 + [1.0] * 5
    found = scaling(learn(numbers, features=Features(outliers=Outliers(rule="iqr"))))
    assert (found["low"], found["high"]) == (None, None)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e300, -1e-300])
def test_constant_columns_become_zeros(learn: Any, value: float) -> None:
    made = learn([value] * 50).encoder.scaling(np.array([[value], [NAN]]))
    np.testing.assert_allclose(made, 0, atol=1e-9)


@pytest.mark.parametrize("scale", ["standard", "range"])
@pytest.mark.parametrize("rule", ["none", "iqr", "zscore"])
def test_numbers_at_the_end_of_double_precision_become_finite_features(
    learn: Any, scale: Any, rule: Any
) -> None:
    numbers = [1.7e308, -1.7e308, 1.0, 0.0, 5e-324]
    made = learn(
        numbers, features=Features(scale=scale, outliers=Outliers(rule=rule))
    ).encoder.scaling
    found = made(np.array([[n] for n in [*numbers, NAN]]))
    assert np.isfinite(found).all()
    assert found[0] > found[2] > found[1]


def test_a_number_far_beyond_training_stays_finite(learn: Any) -> None:
    made = learn([1, 2, 3]).encoder.scaling(np.array([[1e300], [-1e300]]))
    assert made.tolist() == [[1e6], [-1e6]]


def test_categories_are_ordered_by_frequency_then_name(learn: Any) -> None:
    (places,) = learn(names=["b", "c", "b", None, "a"]).encoder.places
    assert places.words == ("b", "a", "c")


@pytest.mark.parametrize("features", [{"min_count": 2}, {"vocabulary": 1}])
def test_rare_categories_are_unknown(learn: Any, features: Any) -> None:
    made = learn(names=["b", "c", "b", "a"], features=Features(**features))
    assert made.encoder.places[0].words == ("b",)
    assert made.reference["c"]["different"] == 3


def test_the_most_frequent_category_stands_for_a_missing_one(learn: Any) -> None:
    (places,) = learn(
        names=["b", None, None, None, "b", "a"], missing="most_frequent"
    ).encoder.places
    assert places.fill == "b"


@pytest.mark.parametrize("values", [{"numbers": [NAN, NAN]}, {"names": [None, None]}])
def test_a_column_without_any_value_is_an_error(learn: Any, values: Any) -> None:
    with pytest.raises(DataError, match="no value in the training split") as caught:
        learn(**values)
    assert "'x'" in str(caught.value) or "'c'" in str(caught.value)


def test_more_places_than_float32_tells_apart_are_refused(rows: Any) -> None:
    from millrace.learning.rows.categories import Places
    from millrace.learning.rows.encoder import RowEncoder
    from millrace.learning.rows.numbers import Scaling

    two = [Places(name, hashed=10_000_000) for name in "ab"]
    with pytest.raises(SpecError, match="too many"):
        RowEncoder(Scaling.of([]), two)


def test_statistics_say_what_training_looked_like(learn: Any) -> None:
    found = learn([1, 2, 3, NAN]).reference["x"]
    assert found["missing"] == 0.25
    assert found["mean"] == pytest.approx(2)
    assert found["quantiles"][2] == pytest.approx(2)
