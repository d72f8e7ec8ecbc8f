"""Figures of a positive class: equal to scikit-learn's, and finite whatever is absent."""

import math
import warnings
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as reference

from millrace.learning.decision import Rule
from millrace.learning.evaluation.bootstrap import difference_interval, intervals
from millrace.learning.evaluation.metrics import confusion, cost_table, overall
from millrace.learning.evaluation.outcomes import outcomes_of
from millrace.learning.evaluation.slices import slices
from millrace.learning.predictions import predictions_table

LABELS = ("ham", "spam")
COSTS = {"ham": 20.0, "spam": 1.0}


def outcomes(spam, scores, threshold=0.7, sources=None, costs=None):
    """Return what a model with this threshold says of records of which `spam` are."""
    rows, scores = len(spam), np.float32(scores)
    columns = {
        "record_id": [f"r{i}" for i in range(rows)],
        "source": ["s"] * rows if sources is None else sources,
        "label": pa.array([LABELS[int(one)] for one in spam], pa.string()),
        "content_digest": pa.array([bytes(16)] * rows, pa.binary(16)),
    }
    rule = Rule(LABELS, "spam", threshold, costs)
    table = predictions_table(
        pa.table(columns), np.stack([1 - scores, scores], axis=1), LABELS, rule
    )
    return outcomes_of([table], LABELS, "test", rule)


def noisy(rows=300, seed=0):
    """Return classes of which 13 % are spam, with scores of which many are equal."""
    generator = np.random.default_rng(seed)
    spam = generator.random(rows) < 0.13
    return spam, np.float32(np.round(1 / (1 + np.exp(-generator.normal(3.0 * spam - 2))), 1))


def expected(spam, scores, threshold=0.7):
    predicted = np.float64(scores) >= threshold
    return {
        "balanced_accuracy": reference.balanced_accuracy_score(spam, predicted),
        "matthews": reference.matthews_corrcoef(spam, predicted),
        "precision": reference.precision_score(spam, predicted, zero_division=0),
        "recall": reference.recall_score(spam, predicted),
        "f1": reference.f1_score(spam, predicted),
        "average_precision": reference.average_precision_score(spam, scores),
        "roc_auc": reference.roc_auc_score(spam, scores),
    }


@pytest.mark.parametrize("seed", range(4))
def test_figures_equal_those_of_scikit_learn_ties_included(seed):
    spam, scores = noisy(seed=seed)
    found = overall(outcomes(spam, scores))
    for name, value in expected(spam, scores).items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


def test_intervals_equal_a_plain_bootstrap_by_scikit_learn():
    spam, scores = noisy(200)
    found = intervals(outcomes(spam, scores), 60, seed=3)
    draws = np.random.default_rng(3).integers(0, 200, (60, 200))
    plain = [expected(spam[draw], scores[draw]) for draw in draws]
    for name in plain[0]:
        quantiles = np.quantile([one[name] for one in plain], [0.025, 0.975])
        np.testing.assert_allclose(found[name], quantiles, atol=1e-12, err_msg=name)


def test_without_a_positive_class_its_figures_are_absent():
    plain = replace(outcomes(*noisy()), positive=None, score=None)
    assert set(overall(plain)) == {
        *("accuracy", "balanced_accuracy", "macro_f1", "matthews"),
        *("log_loss", "calibration_error"),
    }
    assert set(intervals(plain, 5, 1)) == set(overall(plain))


@pytest.mark.parametrize("spam", [[0, 0, 0], [1, 1, 1]])
@pytest.mark.parametrize("scores", [[0.1, 0.5, 0.9], [0.5] * 3, [0, 0, 0], [1, 1, 1]])
def test_an_absent_class_and_equal_probabilities_have_finite_figures(spam, scores):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        given = outcomes(spam, scores, costs=COSTS)
        figures = overall(given)
        limits = intervals(given, 20, seed=1)
    assert all(math.isfinite(value) for value in figures.values())
    assert all(math.isfinite(value) for pair in limits.values() for value in pair)
    assert (figures["matthews"], figures["roc_auc"]) == (0.0, 0.5)


def test_equal_probabilities_rank_nothing():
    figures = overall(outcomes([1, 0, 0, 0], [0.4] * 4))
    assert (figures["average_precision"], figures["roc_auc"]) == (0.25, 0.5)


def test_a_threshold_reached_exactly_is_positive():
    figures = overall(outcomes([1, 0], [0.5, 0.25], threshold=0.5))
    assert figures["recall"] == figures["precision"] == 1.0


def test_the_cost_is_that_of_mistakes_alone():
    given = outcomes([0, 0, 1, 1, 1], [0.9, 0.1, 0.9, 0.1, 0.2], costs=COSTS)
    assert overall(given)["cost"] == pytest.approx((20 + 2 * 1) / 5)
    table = cost_table(confusion(given), given.costs)
    assert table.tolist() == [[0, 20], [2, 0]]
    low, high = intervals(given, 200, seed=1)["cost"]
    assert low < 4.4 < high


def test_a_difference_is_paired_by_record():
    spam, scores = noisy()
    better, same = outcomes(spam, scores + 0.5 * spam), outcomes(spam, scores)
    low, high = difference_interval(better, same, 200, seed=1, by="f1")
    gain = overall(better)["f1"] - overall(same)["f1"]
    assert 0 < low < gain < high
    assert difference_interval(same, same, 50, seed=1, by="average_precision") == (0.0, 0.0)


def test_slices_count_their_positive_records():
    sources = ["x", "x", "y", "y"]
    found = slices(outcomes([1, 0, 0, 0], [0.9, 0.1, 0.9, 0.1], sources=sources), 20, seed=1)
    assert [part["positives"] for part in found.values()] == [1, 0]
    assert (found["x"]["f1"], found["y"]["f1"]) == (1.0, 0.0)
