"""The stage `train` on tables: equal answers of all forms, figures, interruption-free bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from millrace.learning.bundle import Bundle

pytestmark = pytest.mark.tensorflow

CATEGORIES = [["red", "Ulm"], ["", ""], ["pink", "北京"], ["1:red", "0:Ulm"], ["green", "Köln"]]
NUMBERS = [[40.0, 1e9], [np.nan, np.nan], [1e300, -1e300], [-0.0, 1e9 + 50], [np.inf, -np.inf]]


def loaded(bundle: Any, tmp_path: Any) -> Any:
    from millrace.learning.framework import tf

    for name in bundle.manifest.files:
        if name.startswith("saved_model/"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(bundle.path(name).read_bytes())
    return tf.saved_model.load(str(tmp_path / "saved_model")).signatures


def test_a_bundle_of_tables_predicts_its_records(trained: Any) -> None:
    dataset, artifact = trained
    bundle = Bundle.open(artifact)
    records = pa.parquet.read_table(dataset.path("test.parquet"))
    probabilities = bundle.predict_records(records)
    right = np.array(bundle.labels)[probabilities.argmax(1)] == records["label"].to_numpy()
    assert right.mean() > 0.9
    assert bundle.document["rows"] is True
    assert bundle.document["reference"]["rows"] == 240
    assert set(bundle.document["reference"]["columns"]) == {"age", "fare", "colour", "town"}


def test_values_of_columns_are_served_as_python_answers_them(
    trained: Any, rows: Any, tmp_path: Any
) -> None:
    from millrace.learning.framework import tf

    dataset, artifact = trained
    bundle = Bundle.open(artifact)
    columns = dataset.facts["transform"]["columns"]
    nulls = [[name or None for name in names] for names in CATEGORIES]
    expected = bundle.predict_records(rows(NUMBERS, nulls, columns))
    served = loaded(artifact, tmp_path)["serve_row"]
    answer = served(numbers=tf.constant(NUMBERS, tf.float64), categories=tf.constant(CATEGORIES))
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-5)
    labels = [bundle.labels[index] for index in expected.argmax(1)]
    assert [label.decode() for label in answer["label"].numpy()] == labels


def test_hashed_categories_leave_one_signature_out(tmp_path: Any) -> None:
    from millrace.learning.framework import keras, tf
    from millrace.learning.rows.categories import Places
    from millrace.learning.rows.encoder import RowEncoder
    from millrace.learning.rows.numbers import Scaling
    from millrace.learning.rows.saved_model import save_saved_model

    encoder = RowEncoder(Scaling.of([]), [Places("way", hashed=4)])
    classifier = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2)])
    save_saved_model(classifier, ["a", "b"], encoder, tmp_path / "saved")
    assert "serve_row" not in tf.saved_model.load(str(tmp_path / "saved")).signatures


def test_places_of_categories_are_exact_in_half_precision() -> None:
    from millrace.learning.framework import keras
    from millrace.learning.networks.table_mlp import build

    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = build((2,), 2, numbers=1, places=5_000, hidden=(), dropout=0, embedding=1)
    finally:
        keras.config.set_dtype_policy("float32")
    weights = np.zeros((5_000, 1), np.float32)
    weights[4_097] = 1
    network.get_layer("embedding").set_weights([weights])
    network.get_layer("logits").set_weights([np.array([[0, 0], [1, 0]]), np.zeros(2)])
    found = np.asarray(network(np.array([[0.5, 4_096], [0.5, 4_097]], np.float32)), np.float32)
    assert found[:, 0].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("numbers", [0, 2])
def test_a_network_takes_numbers_categories_or_both(numbers: int) -> None:
    from millrace.learning.networks.table_mlp import build

    network = build((2,), 3, numbers=numbers, places=0 if numbers else 7, hidden=(4,))
    assert network(np.ones((5, 2), np.float32)).shape == (5, 3)


def test_augmentation_changes_training_only() -> None:
    from millrace.learning.rows.augmentation import RandomValues
    from millrace.learning.rows.categories import Places
    from millrace.learning.rows.encoder import RowEncoder
    from millrace.learning.rows.numbers import Scaling
    from millrace.workflow.tables import TableAugmentation

    column = {"name": "x", "fill": 0, "low": None, "high": None, "offset": 0, "scale": 1}
    encoder = RowEncoder(Scaling.of([column]), [Places("a", ("b", "c")), Places("d", ("e",))])
    layer = RandomValues(TableAugmentation(noise=0.5, unknown=0.25), encoder, seed=3)
    features = np.tile(np.array([[1.0, 2.0, 4.0]], np.float32), (4_000, 1))
    changed = np.asarray(layer(features, training=True))
    assert changed[:, 0].std() == pytest.approx(0.5, rel=0.1)
    assert set(changed[:, 1].tolist()) == {0.0, 2.0}
    assert set(changed[:, 2].tolist()) == {3.0, 4.0}
    assert (changed[:, 1] == 0).mean() == pytest.approx(0.25, abs=0.03)
    np.testing.assert_array_equal(layer(features, training=False), features)
