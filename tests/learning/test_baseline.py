"""The scikit-learn baseline: its predictions, and that it needs no TensorFlow."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest

from millrace.errors import DataError, SpecError
from millrace.learning import baseline
from millrace.workflow.learning import Baseline


def predictions(run):
    return pq.read_table(run.context.output / "predictions.parquet").to_pylist()


def asked(**values):
    """Return the stage's parameters."""
    return {"modality": "image", "baseline": Baseline(**values).model_dump(mode="json")}


@pytest.mark.parametrize("kind", ["svm", "logistic", "gradient_boosting"])
def test_every_kind_learns_the_tiny_task_with_sane_probabilities(kind, dataset, stage):
    run = stage(dataset, asked(kind=kind, rows=100))
    result = baseline.run(run.context)
    rows = predictions(run)
    assert result.rows == len(rows) == 60
    assert result.facts == {"kind": kind, "rows": 100}
    assert np.mean([row["label"] == row["predicted"] for row in rows]) > 0.9
    assert np.sum([row["probabilities"] for row in rows], axis=1) == pytest.approx(1, abs=1e-5)


def test_the_same_request_gives_the_same_bytes(dataset, stage):
    runs = [stage(dataset, asked(), name) for name in ("a", "b")]
    for run in runs:
        baseline.run(run.context)
    one, other = [(run.context.output / "predictions.parquet").read_bytes() for run in runs]
    assert one == other


def test_the_probabilities_of_an_svm_are_calibrated(dataset, stage):
    run = stage(dataset, asked())
    baseline.run(run.context)
    chosen = [max(row["probabilities"]) for row in predictions(run)]
    assert np.mean(chosen) > 0.9


def test_a_single_class_is_refused(make_dataset, stage):
    dataset = make_dataset({"train": 40, "validation": 10, "test": 10}, only="left")
    with pytest.raises(DataError, match=r"fewer than two classes.*'left'"):
        baseline.run(stage(dataset, asked()).context)


def test_no_deep_learning_framework_is_imported():
    code = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
        "import millrace.learning.baseline, sklearn.svm"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "include"})


def test_a_baseline_without_a_graph_is_no_bundle_and_says_what_to_do(dataset, stage):
    run = stage(dataset, {**asked(rows=100), "export": True})
    with pytest.raises(SpecError, match=r"cannot be a candidate.*svm of image"):
        baseline.run(run.context)
