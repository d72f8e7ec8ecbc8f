from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from millrace.errors import DataError
from millrace.learning import baseline
from millrace.learning.texts.classical import ClassicalText
from millrace.workflow.text_models import TextBaseline


def asked(**values):
    return {"modality": "text", "baseline": TextBaseline(**values).model_dump(mode="json")}


@pytest.mark.parametrize("kind", ["svm", "logistic", "naive_bayes"])
def test_every_kind_learns_the_tiny_task_with_sane_probabilities(kind, dataset, stage):
    run = stage(dataset, asked(kind=kind, rows=200))
    assert baseline.run(run.context).facts == {"kind": kind, "rows": 200}
    rows = pq.read_table(run.context.output / "predictions.parquet").to_pylist()
    assert np.mean([row["label"] == row["predicted"] for row in rows]) > 0.95
    assert np.sum([row["probabilities"] for row in rows], axis=1) == pytest.approx(1, abs=1e-5)
    assert np.mean([row["probability"] for row in rows]) > 0.8


def test_texts_of_which_the_transform_left_nothing_are_refused():
    rival = ClassicalText("svm", 2)
    with pytest.raises(DataError, match="no word"):
        rival.fit(pa.table({"text": ["", "  "]}), np.array([0, 1]))


def test_the_same_request_gives_the_same_bytes(dataset, stage):
    runs = [stage(dataset, asked(), name) for name in ("a", "b")]
    for run in runs:
        baseline.run(run.context)
    one, other = [(run.context.output / "predictions.parquet").read_bytes() for run in runs]
    assert one == other
