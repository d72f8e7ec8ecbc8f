"""Figures of predicted numbers: by hand, by scikit-learn, and what the gate makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics

from millrace.errors import DataError
from millrace.learning.evaluation.estimates import Estimates, estimates_of
from millrace.learning.evaluation.quantity_figures import QuantityFigures, worst
from millrace.learning.gating.champion import champion_checks
from millrace.learning.gating.thresholds import threshold_checks
from millrace.learning.predictions import values_table
from millrace.learning.target_quantity import QuantityScorer, QuantityTarget
from millrace.workflow.quantity import Quantity
from millrace.workflow.quantity_learning import QuantityGate

JUDGE = QuantityFigures("EUR")


def estimates(rows: int = 200, seed: int = 0) -> Estimates:
    random = np.random.default_rng(seed)
    truth = random.normal(50, 9, rows)
    source = (np.arange(rows) % 2).astype(np.int32)
    return Estimates(truth, truth + random.normal(1, 3, rows), ("a", "b"), source)


def table(labels: list[str | None], values: list[float]) -> pa.Table:
    rows = len(labels)
    columns = {
        "record_id": [f"s/{row}" for row in range(rows)],
        "source": ["s"] * rows,
        "label": pa.array(labels, pa.string()),
        "content_digest": pa.array([bytes(16)] * rows, pa.binary(16)),
    }
    return values_table(pa.table(columns), np.array(values))


def test_figures_are_those_of_scikit_learn() -> None:
    found, made = estimates(), JUDGE.overall(estimates())
    pair = (found.truth, found.predicted)
    assert made["r2"] == pytest.approx(metrics.r2_score(*pair))
    assert made["mae"] == pytest.approx(metrics.mean_absolute_error(*pair))
    assert made["rmse"] == pytest.approx(metrics.root_mean_squared_error(*pair))
    assert made["median_absolute_error"] == pytest.approx(metrics.median_absolute_error(*pair))
    assert made["mean_error"] == pytest.approx(np.mean(found.predicted - found.truth))


@pytest.mark.parametrize("size", [0.0, 1e-90, 1e100])
def test_figures_of_extreme_numbers_are_finite(size: float) -> None:
    truth = np.array([-1.0, 0.5, 1.0]) * size
    found = Estimates(truth, -truth, ("a",), np.zeros(3, np.int32))
    assert all(np.isfinite(value) for value in JUDGE.overall(found).values())
    assert all(np.isfinite(ends).all() for ends in JUDGE.intervals(found, 20, 1).values())


def test_r2_of_a_constant_label_is_zero() -> None:
    found = Estimates(np.ones(5), np.full(5, 2.0), ("a",), np.zeros(5, np.int32))
    assert JUDGE.overall(found)["r2"] == 0


def test_intervals_hold_the_figures_and_are_the_same_again() -> None:
    found = estimates()
    limits, figures = JUDGE.intervals(found, 300, 7), JUDGE.overall(found)
    assert all(low <= figures[name] <= high for name, (low, high) in limits.items())
    assert limits == JUDGE.intervals(found, 300, 7)


def test_a_paired_difference_is_narrower_than_both() -> None:
    ours = estimates()
    theirs = Estimates(ours.truth, ours.predicted + 0.1, ours.sources, ours.source)
    low, high = JUDGE.difference(ours, theirs, 300, 7, "mae")
    alone = JUDGE.intervals(ours, 300, 7)["mae"]
    assert high - low < alone[1] - alone[0]


def test_slices_are_the_sources() -> None:
    found = JUDGE.slices(estimates(), 100, 7)
    assert {name: part["rows"] for name, part in found.items()} == {"a": 100, "b": 100}
    assert found["a"]["mae"]["low"] <= found["a"]["mae"]["value"] <= found["a"]["mae"]["high"]


def test_predictions_are_read_back_exactly() -> None:
    found = estimates_of([table(["0.1", "3"], [0.1 + 0.2, 1e-300])], "test")
    assert found.truth.tolist() == [0.1, 3]
    assert found.predicted.tolist() == [0.1 + 0.2, 1e-300]


@pytest.mark.parametrize("label", [None, "nan", "dear"])
def test_a_label_that_is_no_number_is_an_error(label: str | None) -> None:
    with pytest.raises(DataError, match="no number for its label"):
        estimates_of([table(["1", label], [1, 2])], "test split")


def test_no_records_are_an_error() -> None:
    with pytest.raises(DataError, match="no record to evaluate on"):
        estimates_of([], "test split")


def test_the_worst_records_come_first() -> None:
    found = Estimates(np.zeros(4), np.array([1, -9, 3, 0.5]), ("a",), np.zeros(4, np.int32))
    assert worst(found, 3) == [1, 2, 0]


@pytest.mark.parametrize(("loss", "expected"), [("huber", (0.125 + 1.5) / 2), ("mse", 4.25 / 2)])
def test_the_validation_loss_is_that_of_training(loss: str, expected: float) -> None:
    scorer = QuantityScorer(QuantityTarget(Quantity(), 10, 2), loss)
    scorer.add(np.array([11.0, 14.0]), np.array([0, 0], np.float32))
    assert scorer.scores()[0] == pytest.approx(expected)


def test_an_answer_that_is_no_number_makes_the_loss_none() -> None:
    scorer = QuantityScorer(QuantityTarget(Quantity(), 0, 1), "huber")
    scorer.add(np.array([np.nan, 1.0]), np.array([0, 1], np.float32))
    assert not np.isfinite(scorer.scores()[0])


def facts(value: float, champion: float | None, by: str = "rmse") -> dict[str, Any]:
    part = {"rows": 100, "mae": {"value": value}, by: value}
    theirs = {"rows": 100, "mae": {"value": champion}, by: champion}
    other = {"comparable": True, "metrics": {by: champion}, "slices": {"a": theirs}}
    return {
        "metrics": {by: {"value": value}},
        "slices": {"a": part},
        "champion": None if champion is None else other,
        "baseline": {"metrics": {by: 10.0}},
    }


@pytest.mark.parametrize(
    ("by", "value", "champion", "passed"),
    [
        ("rmse", 10.5, 10, False),
        ("rmse", 9.5, 10, True),
        ("r2", 0.5, 0.6, False),
        ("r2", 0.7, 0.6, True),
        ("rmse", 0, 0, True),
    ],
)
def test_a_champion_is_compared_in_the_figures_direction(
    by: Any, value: float, champion: float, passed: bool
) -> None:
    overall, _ = champion_checks(QuantityGate(by=by), facts(value, champion, by))
    assert overall.passed is passed


def test_a_drop_of_an_error_is_a_share_of_it() -> None:
    gate = QuantityGate(overall_drop=0.05, slice_drop=0.04)
    overall, part = champion_checks(gate, facts(10.5, 10))
    assert (overall.passed, part.passed) == (True, False)
    assert part.sentence == (
        "RMSE on slice a 10.5 is 0.05 of it above the champion's 10, more than the gate's 0.04"
    )


def test_thresholds_and_the_baseline_are_compared_in_the_figures_direction() -> None:
    gate = QuantityGate(rmse=10, beat_baseline=True)
    assert [check.passed for check in threshold_checks(gate, facts(9, None))] == [True, True]
    failed = threshold_checks(gate, facts(11, None))
    assert [check.sentence for check in failed] == [
        "RMSE 11 is above the gate's 10",
        "RMSE 11 is above the baseline's 10",
    ]
    assert failed[0].expected == "at most 10"
