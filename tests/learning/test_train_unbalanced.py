"""The stage `train` on a class of 13 %: its weight, and a threshold chosen on validation."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import precision_score, recall_score

from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.artifacts.tables import image_field, images_to_column, write_table
from millrace.errors import DataError, SpecError
from millrace.learning.bundle import Bundle
from picture_sides import picture_side

pytestmark = pytest.mark.tensorflow

SHAPE = (8, 8, 1)
LABELS = ("ham", "spam")
DECISION = {"positive": "spam", "goal": {"recall_of": "ham", "at_least": 0.98}}


def write_side(path, rows, seed, share=0.13):
    """Write pictures that are brighter where they are spam, though not surely so."""
    random = np.random.default_rng(seed)
    spam = np.arange(rows) < share * rows
    light = random.normal(100 + 35 * spam, 30, rows).clip(0, 225)
    images = (light[:, None, None, None] + random.integers(0, 30, (rows, *SHAPE))).astype(np.uint8)
    columns = {
        "record_id": pa.array([f"{path.stem}/{row}" for row in range(rows)]),
        "source": pa.array(["mail"] * rows),
        "label": pa.array([LABELS[int(one)] for one in spam]),
        "content_digest": pa.array([row.to_bytes(16) for row in range(rows)], pa.binary(16)),
        "image": images_to_column(images),
    }
    fields = [pa.field(name, column.type) for name, column in columns.items() if name != "image"]
    table = pa.table(columns, pa.schema([*fields, image_field("image", SHAPE)]))
    write_table(path, table.schema, [table.take(random.permutation(rows))])


@pytest.fixture
def mail(tmp_path):
    """Return a function that makes a dataset; its validation has that share of spam."""

    def make(share=0.13):
        store = Store((tmp_path / "store").as_uri())
        files = {}
        for seed, (side, rows) in enumerate({"train": 800, "validation": 300, "test": 300}.items()):
            path = tmp_path / f"{side}.parquet"
            write_side(path, rows, seed, share if side == "validation" else 0.13)
            files[path.name] = store.put(path)
        facts = {
            "labels": list(LABELS),
            "records": {"modality": "image", "shape": list(SHAPE)},
            "transform": None,
        }
        return store.publish(Manifest("dataset", "e" * 64, files, facts))

    return make


def asked(params, decision=DECISION, **train):
    given = params({"kind": "mlp", "hidden": [16], "dropout": 0.0}, epochs=12, **train)
    return {**given, "decision": decision}


def made(run):
    from millrace.learning import train

    result = train.run(run.context)
    folder = run.context.output
    document = json.loads((folder / "bundle.json").read_bytes())
    return result, Bundle(document, folder / "model.onnx", "mail")


def test_the_threshold_is_what_the_exported_graph_says_of_validation(mail, stage, params):
    dataset = mail()
    _, bundle = made(stage(dataset, asked(params)))
    images, classes = picture_side(dataset, "validation").load()
    predicted = bundle.rule(bundle.predict(images))
    found = bundle.document["decision"]
    assert found["reached"]
    assert found["value"] == recall_score(classes, predicted, pos_label=0) >= 0.98
    assert found["validation"]["recall"] == recall_score(classes, predicted)
    assert found["validation"]["precision"] == precision_score(classes, predicted)
    assert 0 < found["threshold"] < 1


def test_the_same_request_chooses_the_same_threshold_to_the_last_bit(mail, stage, params):
    dataset = mail()
    runs = [stage(dataset, asked(params), name) for name in ("a", "b")]
    one, other = (made(run)[1].document for run in runs)
    assert one == other


def test_balanced_weights_find_more_of_a_small_class(mail, stage, params):
    dataset = mail()
    images, classes = picture_side(dataset, "test").load()
    recalls = []
    for weights in ("none", "balanced"):
        run = stage(dataset, asked(params, {"positive": "spam"}, class_weights=weights), weights)
        _, bundle = made(run)
        recalls.append(recall_score(classes, bundle.rule(bundle.predict(images))))
    assert recalls[1] > recalls[0] + 0.2


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_class_that_validation_lacks_is_refused_before_training(share, mail, stage, params):
    run = stage(mail(share), asked(params))
    with pytest.raises(DataError, match="without validation records of both classes"):
        made(run)
    assert not run.reports


@pytest.mark.parametrize("positive", ["eggs", "left"])
def test_a_decision_between_other_classes_is_refused_before_training(
    positive, dataset, stage, params
):
    run = stage(dataset, asked(params, {"positive": positive}))
    with pytest.raises(SpecError, match="a positive class is one of two classes"):
        made(run)
    assert not run.reports
