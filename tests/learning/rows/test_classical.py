"""The rival of tables: both kinds, missing values, categories that it never saw."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from millrace.learning.bundle import Bundle
from millrace.learning.rows.leave_out import leave_out
from millrace.learning.rows.modality import RowLearning
from millrace.learning.rows.rival_file import _rounded_down
from millrace.learning.target_classes import ClassTarget
from millrace.workflow.table_models import TableBaseline

KINDS = ("gradient_boosting", "logistic")


def rival(kind: Any) -> Any:
    return RowLearning().rival(TableBaseline(kind=kind).model_dump(), ClassTarget(("a", "b")))


@pytest.mark.parametrize("kind", KINDS)
def test_a_rival_learns_numbers_and_categories(dataset: Any, kind: str) -> None:
    model = rival(kind)
    train, test = (pa.parquet.read_table(dataset.path(f"{s}.parquet")) for s in ("train", "test"))
    model.fit(train, np.array([label == "yes" for label in train["label"].to_pylist()], np.int32))
    answers = model.predict(test)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
    truth = [label == "yes" for label in test["label"].to_pylist()]
    assert (answers.argmax(1) == truth).mean() > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_a_rival_answers_whatever_comes(rows: Any, kind: str) -> None:
    columns = {"x": {"kind": "numeric"}, "y": {"kind": "numeric"}, "c": {"kind": "category"}}
    numbers = [[float(n), np.nan] for n in range(40)]
    model = rival(kind)
    model.fit(rows(numbers, [["a"], [None]] * 20, columns), np.arange(40, dtype=np.int32) // 20)
    hostile = rows([[1e308, -1e308], [np.nan, 5.0]], [["unseen"], [None]], columns)
    assert np.isfinite(model.predict(hostile)).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("column", ["numeric", "category"])
def test_a_rival_needs_one_kind_of_column_only(rows: Any, kind: str, column: str) -> None:
    numeric = column == "numeric"
    records = rows(
        [[float(n)] if numeric else [] for n in range(40)],
        [[] if numeric else ["ab"[n // 20]] for n in range(40)],
        {"x": {"kind": column}},
    )
    model = rival(kind)
    model.fit(records, np.arange(40, dtype=np.int32) // 20)
    assert (model.predict(records).argmax(1) == np.arange(40) // 20).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("classes", [2, 3])
def test_a_rival_answers_as_a_graph(rows: Any, tmp_path: Any, kind: str, classes: int) -> None:
    random = np.random.default_rng(classes)
    columns = {"x": {"kind": "numeric"}, "y": {"kind": "numeric"}, "c": {"kind": "category"}}
    numbers = random.normal(size=(400, 2)).round(1)
    numbers[random.random((400, 2)) < 0.1] = np.nan
    names = random.choice(["a", "b", None], (400, 1))
    truth = np.nan_to_num(numbers[:, 0] > 0).astype(np.int32) + (names[:, 0] == "a")
    model = RowLearning().rival(TableBaseline(kind=kind).model_dump(), ClassTarget(tuple("abcd")))
    records = rows(numbers, names.tolist(), columns)
    model.fit(records, np.minimum(truth, classes - 1))
    encoder = model.export(tmp_path / "model.onnx")
    document = {"format": 2, "labels": list("abcd"), "input": encoder.to_document()}
    document["records"] = {"modality": "table"}
    bundle = Bundle(json.loads(json.dumps(document)), tmp_path / "model.onnx", "here")
    hostile = rows(
        [[1e308, -1e308], [np.nan, np.nan], [0.05, -0.05]], [["z"], [None], ["a"]], columns
    )
    for table in (records, hostile):
        np.testing.assert_allclose(bundle.predict_records(table), model.predict(table), atol=1e-5)
    assert (bundle.predict_records(records)[:, classes:] == 0).all()
    weights = leave_out(bundle.predict, encoder, encoder(records), np.zeros(400, np.int32))
    assert np.isfinite(weights).all()
    assert (weights != 0).any(axis=0).tolist()[::2] == [True, True]


def test_thresholds_in_single_precision_part_the_same_features() -> None:
    near = np.float32(0.1)
    features = np.array(
        [np.nextafter(near, np.float32(-1)), near, np.nextafter(near, np.float32(1))]
    )
    for wide in (np.float64(near), np.nextafter(np.float64(near), 0), float(near) + 1e-12):
        (threshold,) = _rounded_down(np.array([wide]))
        assert ((features <= threshold) == (features.astype(np.float64) <= wide)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_of_five_hundred_categories_is_taken(rows: Any, kind: str) -> None:
    names = [[f"c{n % 500}"] for n in range(1_000)]
    records = rows([[]] * 1_000, names, {"c": {"kind": "category"}})
    model = rival(kind)
    model.fit(records, np.arange(1_000, dtype=np.int32) % 2)
    assert model.predict(records).shape == (1_000, 2)
