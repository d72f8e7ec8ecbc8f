"""Tests of the figures: equal to scikit-learn's and to sums done by hand."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as reference

from millrace.errors import DataError
from millrace.learning.evaluation.bootstrap import (
    accuracy_interval,
    difference_interval,
    intervals,
)
from millrace.learning.evaluation.calibration import reliability
from millrace.learning.evaluation.metrics import confusion, overall, per_class
from millrace.learning.evaluation.outcomes import Outcomes, outcomes_of
from millrace.learning.evaluation.slices import slices
from millrace.learning.predictions import predictions_schema, predictions_table

LABELS = ("a", "b", "c", "never")


def table(truth, probabilities, sources=None):
    rows = len(truth)
    columns = {
        "record_id": [f"r{i}" for i in range(rows)],
        "source": ["s"] * rows if sources is None else sources,
        "label": pa.array(truth, pa.string()),
        "content_digest": pa.array([bytes(16)] * rows, pa.binary(16)),
    }
    return predictions_table(pa.table(columns), np.float32(probabilities), LABELS)


def random_outcomes(rows=500, seed=0):
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 3, rows)
    scores = generator.normal(size=(rows, 4)) + 2 * np.eye(4)[truth]
    scores[:, 3] -= 100
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    names = [LABELS[i] for i in truth]
    return truth, probabilities, outcomes_of([table(names, probabilities)], LABELS, "test")


def test_figures_equal_those_of_scikit_learn():
    truth, probabilities, outcomes = random_outcomes()
    figures = overall(outcomes)
    predicted = probabilities.argmax(axis=1)
    assert figures["accuracy"] == reference.accuracy_score(truth, predicted)
    assert figures["macro_f1"] == reference.f1_score(truth, predicted, average="macro")
    single = np.float32(probabilities)
    expected = reference.log_loss(
        truth, single / single.sum(axis=1, keepdims=True), labels=range(4)
    )
    assert figures["log_loss"] == pytest.approx(expected, rel=1e-5)


def test_a_certain_error_costs_a_finite_loss():
    outcomes = outcomes_of([table(["a"], [[0, 1, 0, 0]])], LABELS, "test")
    assert overall(outcomes)["log_loss"] == pytest.approx(-np.log(np.finfo(np.float32).eps))


def test_a_class_that_never_occurs_counts_for_nothing():
    outcomes = outcomes_of([table(["a", "b"], np.eye(4)[[0, 1]])], LABELS, "test")
    assert overall(outcomes)["macro_f1"] == 1.0
    assert per_class(outcomes)["never"] == {"precision": 0, "recall": 0, "f1": 0, "support": 0}
    assert confusion(outcomes).shape == (4, 4)


def test_calibration_error_equals_the_sum_by_hand():
    probabilities = [[0.9, 0.1, 0, 0], [0.9, 0.1, 0, 0], [0.6, 0.4, 0, 0], [0.6, 0.4, 0, 0]]
    outcomes = outcomes_of([table(["a", "a", "a", "b"], probabilities)], LABELS, "test")
    assert reliability(outcomes).error == pytest.approx(0.5 * 0.1 + 0.5 * 0.1, abs=1e-6)


def test_confidence_of_one_and_of_nothing_falls_into_the_outer_bins():
    outcomes = outcomes_of([table(["a"], [[1, 0, 0, 0]])], LABELS, "test")
    assert reliability(outcomes).rows[-1] == 1
    nothing = Outcomes(**{**vars(outcomes), "confidence": np.zeros(1)})
    assert reliability(nothing).rows[0] == 1


def test_intervals_hold_the_figures_and_repeat_with_the_seed():
    outcomes = random_outcomes()[2]
    found = intervals(outcomes, 300, seed=5)
    figures = overall(outcomes)
    for name in ("accuracy", "macro_f1", "log_loss"):
        low, high = found[name]
        assert low < figures[name] < high
    assert found == intervals(outcomes, 300, seed=5)
    assert found != intervals(outcomes, 300, seed=6)


def test_intervals_equal_a_plain_bootstrap_by_scikit_learn():
    truth, probabilities, outcomes = random_outcomes(200)
    predicted = probabilities.argmax(axis=1)
    draws = np.random.default_rng(3).integers(0, 200, (150, 200))
    plain = [reference.f1_score(truth[d], predicted[d], average="macro") for d in draws]
    expected = np.quantile(plain, [0.025, 0.975])
    np.testing.assert_allclose(intervals(outcomes, 150, seed=3)["macro_f1"], expected)


def test_chunks_of_the_bootstrap_do_not_repeat_draws(monkeypatch):
    outcomes = random_outcomes()[2]
    whole = intervals(outcomes, 400, seed=1)["accuracy"]
    monkeypatch.setattr("millrace.learning.evaluation.bootstrap._CHUNK", 1_000)
    np.testing.assert_allclose(intervals(outcomes, 400, seed=1)["accuracy"], whole, atol=0.02)


def test_the_binomial_interval_is_that_of_the_drawn_records():
    outcomes = random_outcomes()[2]
    drawn = intervals(outcomes, 2_000, seed=1)["accuracy"]
    np.testing.assert_allclose(accuracy_interval(outcomes, 2_000, seed=1), drawn, atol=0.006)


def test_a_paired_difference_of_equals_is_exactly_nothing():
    outcomes = random_outcomes()[2]
    assert difference_interval(outcomes, outcomes, 100, seed=1) == (0.0, 0.0)


def test_a_single_record_has_an_interval():
    outcomes = outcomes_of([table(["a"], [[1, 0, 0, 0]])], LABELS, "test")
    assert intervals(outcomes, 10, seed=1)["accuracy"] == (1.0, 1.0)


def test_slices_split_the_records_by_source():
    probabilities = np.eye(4)[[0, 1, 0]]
    outcomes = outcomes_of([table(["a", "b", "b"], probabilities, ["x", "y", "y"])], LABELS, "t")
    found = slices(outcomes, 50, seed=1)
    assert list(found) == ["x", "y"]
    assert found["x"]["rows"] == 1
    assert found["x"]["accuracy"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert found["y"]["accuracy"]["value"] == 0.5


def test_row_groups_join_into_one_outcome():
    parts = [table(["a"], np.eye(4)[[0]], ["y"]), table(["b", "c"], np.eye(4)[[1, 1]], ["x", "y"])]
    outcomes = outcomes_of(parts, LABELS, "test")
    assert outcomes.correct.tolist() == [True, True, False]
    assert [outcomes.sources[i] for i in outcomes.source] == ["y", "x", "y"]


@pytest.mark.parametrize("label", ["zebra", None, ""])
def test_a_label_that_the_model_does_not_know_names_the_record(label):
    with pytest.raises(DataError, match=r"record r1: a label is none of the model's"):
        outcomes_of([table(["a", label], np.eye(4)[[0, 1]])], LABELS, "test split")


def test_no_record_is_a_data_error():
    with pytest.raises(DataError, match="no record to evaluate on"):
        outcomes_of([predictions_schema(LABELS).empty_table()], LABELS, "test split")
