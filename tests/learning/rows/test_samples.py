"""What people look at: sheets of records with the columns that decided, and weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from millrace.artifacts.tables import read_table
from millrace.learning.bundle import Bundle
from millrace.learning.evaluation.outcomes import outcomes_of
from millrace.learning.predictions import predict_table
from millrace.learning.rows.categories import Places
from millrace.learning.rows.encoder import RowEncoder
from millrace.learning.rows.leave_out import affordable, leave_out
from millrace.learning.rows.modality import RowLearning
from millrace.learning.rows.numbers import Scaling
from millrace.learning.rows.unusual import comparable, deviations, most_unusual

COLUMN = {"name": "x", "fill": 2.0, "low": None, "high": None, "offset": 0.0, "scale": 1.0}


def test_the_weight_of_a_column_is_what_the_answer_loses_without_it() -> None:
    encoder = RowEncoder(Scaling.of([COLUMN]), [Places("c", ("a",))])

    def answer(features: Any) -> Any:
        logit = features[:, 0] + 3 * features[:, 1]
        yes = 1 / (1 + np.exp(-logit))
        return np.stack([1 - yes, yes], axis=1).astype(np.float32)

    features = np.array([[1.5, 1.0], [2.0, 0.0]], np.float32)
    weights = leave_out(answer, encoder, features, np.array([1, 1], np.int32))
    np.testing.assert_allclose(weights, [[-0.5, 3.0], [0.0, 0.0]], atol=1e-3)


def test_wide_records_cost_few_answers() -> None:
    assert affordable(30) > 1_000_000
    assert affordable(10_000) == 10
    assert affordable(1_000_000) == 1


def test_an_isolation_forest_sets_the_strangest_records_apart() -> None:
    features = np.random.default_rng(0).normal(size=(500, 4)).astype(np.float32)
    features[17], features[300, 1] = 9.0, np.nan
    features = comparable(features, numbers=4)
    assert most_unusual(features, 3)[0] == 17
    assert deviations(features)[17].min() > 5
    assert most_unusual(features[:0], 3) == []
    assert (deviations(np.ones((3, 2), np.float32)) == 0).all()


def test_of_categories_the_rare_are_unusual_wherever_their_place_is() -> None:
    places = [5.0, 900.0, 900.0, 900.0, 5.0, 900.0, 7.0, 900.0]
    features = np.array([[np.nan, place] for place in places], np.float32)
    made = comparable(features, numbers=1)
    assert (made[:, 0] == 0).all()
    assert made[:, 1].argmax() == 6
    assert made[0, 1] > made[1, 1] > 0
    assert comparable(features[:0], numbers=1).shape == (0, 2)


@pytest.mark.tensorflow
def test_a_model_without_mistakes_is_drawn_too(trained: Any, tmp_path: Any) -> None:
    dataset, artifact = trained
    bundle = Bundle.open(artifact)
    outcomes = outcomes_of(
        list(predict_table(bundle, dataset.path("test.parquet"))), bundle.labels, "test", None
    )
    right = replace(outcomes, predicted=outcomes.truth)
    RowLearning().draw(tmp_path, right, dataset, artifact)
    assert (tmp_path / "misclassified.png").stat().st_size > 1_000


@pytest.mark.tensorflow
def test_all_sheets_are_drawn(trained: Any, tmp_path: Any) -> None:
    dataset, artifact = trained
    test = dataset.path("test.parquet")
    bundle = Bundle.open(artifact)
    predictions = list(predict_table(bundle, test))
    outcomes = outcomes_of(predictions, bundle.labels, "test", bundle.rule)
    RowLearning().draw(tmp_path, outcomes, dataset, artifact)
    names = {"misclassified", "samples", "importance", "unusual", "quarantine"}
    assert {path.stem for path in tmp_path.iterdir()} == names
    assert all(path.stat().st_size > 5_000 for path in tmp_path.iterdir())
    assert pq.read_metadata(test).num_rows == sum(t.num_rows for t in read_table(test))
