"""Out-of-fold scores: each fold by its own model, mean and spread, and what does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from millrace.artifacts.tables import read_table, write_table
from millrace.errors import DataError
from millrace.learning import cross_validate
from millrace.learning.bundle import Bundle
from millrace.learning.evaluation.spread import spread_of, written
from millrace.learning.predictions import predict_table

PARAMS = {"modality": "image", "model": "cnn"}


def folds(workshop: Any, make_records: Any, weights: Any = None, *, lost: int = 0) -> Any:
    """Score two folds; in the second, a fifth of the labels is wrong."""
    seen = [n % 3 for n in range(30)]
    names = ("bird", "cat", "dog")
    wrong = [names[(c + (n % 5 == 0)) % 3] for n, c in enumerate(seen)]
    tables = [make_records(seen), make_records(seen, wrong)]
    parts = [workshop.dataset(test=table) for table in tables]
    whole = workshop.publish(
        "dataset", workshop.folder(), {"labels": list(names), "rows": {"test": 60 + lost}}
    )
    bundles = [workshop.bundle(weights) for _ in parts]
    rivals = [rival(workshop, bundle, part) for bundle, part in zip(bundles, parts, strict=True)]
    return workshop.run(
        cross_validate, PARAMS, dataset=whole, part=parts, bundle=bundles, baseline=rivals
    )


def rival(workshop: Any, bundle: Any, part: Any) -> Any:
    folder, opened = workshop.folder(), Bundle.open(bundle)
    tables = predict_table(opened, part.path("test.parquet"))
    write_table(folder / "predictions.parquet", opened.target.schema(), tables)
    return workshop.publish("baseline", folder, {"kind": "svm"})


def test_each_fold_has_its_figures_and_all_have_mean_and_spread(
    workshop: Any, make_records: Any
) -> None:
    result, output = folds(workshop, make_records)
    accuracies = [fold["metrics"]["accuracy"] for fold in result.facts["folds"]]
    assert accuracies == [1.0, pytest.approx(0.8)]
    found = result.facts["metrics"]["accuracy"]
    assert found["mean"] == pytest.approx(0.9)
    assert found["spread"] == pytest.approx(np.std(accuracies, ddof=1))
    assert result.facts["pooled"]["metrics"]["accuracy"] == pytest.approx(0.9)
    assert "calibration_error" in result.facts["metrics"]
    assert result.facts["baseline"]["metrics"]["accuracy"]["mean"] == pytest.approx(0.9)
    assert "2 folds, mean ± standard deviation: cnn AUC" in result.facts["sentence"]
    written = pa.concat_tables(read_table(output / "predictions.parquet"))
    assert np.bincount(written["fold"].to_numpy()).tolist() == [0, 30, 30]


def test_folds_that_are_not_all_records_are_refused(workshop: Any, make_records: Any) -> None:
    with pytest.raises(DataError, match="not all records once"):
        folds(workshop, make_records, lost=1)


def test_a_figure_that_a_fold_lacks_has_no_mean() -> None:
    found = spread_of([{"accuracy": 0.5, "roc_auc": 0.7}, {"accuracy": 0.7}])
    assert [*found] == ["accuracy"]
    assert written(found["accuracy"]) == "0.600 ± 0.141"
