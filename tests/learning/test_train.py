"""The stage `train` on tiny pictures: what it writes, and how it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest

from millrace.errors import DataError, SpecError
from millrace.learning.bundle import Bundle
from picture_sides import picture_side

pytestmark = pytest.mark.tensorflow


def document(run):
    return json.loads((run.context.output / "bundle.json").read_bytes())


def test_a_network_learns_the_tiny_task_and_its_bundle_answers(trained):
    dataset, run, _ = trained
    bundle = Bundle(document(run), run.context.output / "model.onnx", "tiny")
    images, classes = picture_side(dataset, "test").load()
    assert (bundle.predict(images).argmax(1) == classes).mean() > 0.95


def test_the_bundle_says_what_it_was_made_of(trained):
    dataset, run, result = trained
    bundle = document(run)
    assert bundle["labels"] == ["left", "middle", "right"]
    assert bundle["dataset_digest"] == dataset.manifest.digest
    assert bundle["network_digest"] == result.facts["network_digest"]
    assert sum(bundle["reference"]["class_counts"].values()) == 240
    assert "decision" not in bundle


def test_normalisation_is_learnt_on_the_training_split_alone(trained):
    dataset, run, _ = trained
    images, _ = picture_side(dataset, "train").load()
    normalisation = document(run)["normalisation"]
    assert normalisation["mean"] == pytest.approx([images.mean() / 255])
    assert normalisation["std"] == pytest.approx([images.std() / 255])


def test_every_epoch_is_reported_and_the_start_too(trained):
    _, run, _ = trained
    ended = [report for report in run.reports if "epoch" in report]
    assert [report["epoch"] for report in ended] == [0, 1, 2, 3]
    last = ended[-1]
    assert last["epochs"] == 3
    assert {"loss", "accuracy", "validation_loss", "validation_accuracy", "rate"} <= set(last)
    assert all(report["eta"] >= 0 for report in ended[1:])
    assert last["eta"] == 0
    assert "gpu_memory_bytes" not in last


def test_a_single_class_is_refused(make_dataset, stage, params):
    from millrace.learning import train

    dataset = make_dataset({"train": 40, "validation": 10, "test": 10}, only="left")
    with pytest.raises(DataError, match="single class"):
        train.run(stage(dataset, params()).context)


def test_no_validation_records_are_refused(make_dataset, stage, params):
    from millrace.learning import train

    dataset = make_dataset({"train": 40, "validation": 0, "test": 10})
    with pytest.raises(DataError, match="validation split: a side of the dataset is empty"):
        train.run(stage(dataset, params()).context)


def test_an_exploding_loss_ends_the_training_and_names_the_remedy(dataset, stage, params):
    from millrace.learning import train

    run = stage(dataset, params({"kind": "mlp"}, learning_rate=10, optimizer="sgd", epochs=50))
    with pytest.raises(DataError, match=r"not a finite number.*Lower train\.learning_rate"):
        train.run(run.context)


def test_early_stopping_keeps_the_best_epoch(dataset, stage, params):
    from millrace.learning import train

    run = stage(dataset, params(epochs=40, early_stopping=2, average_weights=0.0))
    result = train.run(run.context)
    losses = [r["validation_loss"] for r in run.reports if "validation_loss" in r]
    assert result.facts["best_epoch"] == int(np.argmin(losses)) + 1
    assert result.facts["epochs"] == len(losses) == result.facts["best_epoch"] + 2
    assert document(run)["training"]["validation_loss"] == min(losses)


def test_a_damaged_checkpoint_counts_as_none(trained, stage, params):
    from millrace.learning import train

    dataset, _, unbroken = trained
    run = stage(dataset, params())
    (run.context.checkpoints.folder / "training.npz").write_bytes(b"PK\x03\x04 torn")
    assert train.run(run.context).facts == unbroken.facts
    assert "resumed_from" not in run.reports[0]


def test_bfloat16_trains_and_exports_float32(dataset, stage, params):
    from millrace.learning import train

    run = stage(dataset, params(precision="bfloat16", class_weights="balanced"))
    result = train.run(run.context)
    assert result.facts["precision"] == "bfloat16"
    assert result.metrics["validation_accuracy"] > 0.9


@pytest.mark.parametrize(("native", "precision"), [(True, "bfloat16"), (False, "float32")])
def test_automatic_precision_is_what_the_key_says(native, precision, dataset, stage, params):
    from millrace.learning import train

    given = params(precision="auto")
    run = stage(dataset, {**given, "machine": {"bfloat16": native}})
    assert train.run(run.context).facts["precision"] == precision


def test_automatic_precision_on_gpus_is_bfloat16_even_without_them(dataset, stage, params):
    from millrace.learning import train

    devices = {"devices": {"gpus": 1, "without_gpu": "cpu"}}
    run = stage(dataset, {**params(precision="auto"), **devices})
    assert train.run(run.context).facts["precision"] == "bfloat16"


@pytest.mark.parametrize("options", [{"precision": "float16"}, {"xla": True}])
def test_options_for_gpus_train_on_the_processor_too(options, dataset, stage, params):
    from millrace.learning import train

    run = stage(dataset, params(**options, weight_decay=0.01))
    result = train.run(run.context)
    assert result.facts["precision"] == options.get("precision", "float32")
    assert result.metrics["validation_accuracy"] > 0.9


def test_a_gpu_that_is_missing_ends_the_training_before_it_begins(dataset, stage, params):
    from millrace.learning import train

    run = stage(dataset, {**params(), "devices": {"gpus": 64, "without_gpu": "fail"}})
    with pytest.raises(SpecError, match=r"resources\.gpus"):
        train.run(run.context)
    assert not run.reports


def test_an_own_model_that_gives_the_wrong_shape_is_refused(dataset, stage, params):
    from millrace.learning import train

    model = {"kind": "millrace.learning.networks.mlp:build", "options": {"hiden": [3]}}
    with pytest.raises(SpecError, match="hiden"):
        train.run(stage(dataset, params(model)).context)
