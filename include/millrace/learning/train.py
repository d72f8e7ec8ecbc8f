"""The stage `train`: fits a network on a dataset and writes the bundle.

Everything that is learnt from data is learnt on the training split; the validation split chooses
the epoch; the test split is never opened here.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from millrace.errors import DataError
from millrace.learning.bundle import Bundle
from millrace.learning.dataset import DatasetSplit
from millrace.learning.devices import take_devices
from millrace.learning.export.agreement import check_agreement
from millrace.learning.export.keras_file import network_digest, save_keras
from millrace.learning.export.onnx_file import save_onnx
from millrace.learning.framework import keras, make_deterministic, tf
from millrace.learning.modality import Learnt, open_learning
from millrace.learning.networks.architecture import Architecture
from millrace.learning.target import Target, target_type
from millrace.learning.threshold import check_decision, choose_threshold
from millrace.learning.training.build import Task, build_trainer, resolved
from millrace.learning.training.calibrate import calibrated
from millrace.learning.training.checkpoint import Progress
from millrace.learning.training.start import open_start
from millrace.machine import processor_name
from millrace.workflow.decision import Decision
from millrace.workflow.models import model_of
from millrace.workflow.stage import StageContext, StageResult

FORMAT = 2
"""Of ``history.json`` and ``machine.json``."""

_SAMPLE = 256  # records on which the exported graphs are compared


def run(context: StageContext) -> StageResult:
    """Train on ``dataset`` as `params` say: ``model``, ``augment``, ``train``, ``decision`` and
    ``start``.

    ``decision`` is absent where the most probable class is predicted, ``start`` where the weights
    to begin with are random; ``target`` says which number is learnt, where it is one.

    Raises:
        DataError: a single class or number, no validation records, none of one of the classes
            to decide between, a loss that is not finite, or exported graphs that do not agree.
        SpecError: a user's own model cannot be built, a GPU was asked for and none is visible, the
            decision is between other classes, or the weights to start with do not fit.
    """
    dataset = context.one("dataset")
    target = target_type(context.params).learn(dataset, context.params)
    learnt = _learn(context, target)
    training, validation = (
        DatasetSplit.of(dataset, name, learnt.encoder, target) for name in ("train", "validation")
    )
    _check_sizes(training, validation)
    decision = Decision(**context.params.get("decision", {}))
    if decision.positive is not None:
        check_decision(decision, target.labels, validation.class_counts().tolist())
    asked = context.params.get("devices", {})
    train = resolved(
        target.training(context.params["train"]),
        gpus=asked.get("gpus", 0),
        bfloat16=context.params.get("machine", {}).get("bfloat16", False),
    )
    memory = context.locations.get("devices", {})
    devices = take_devices(asked, memory.get("memory_growth", True))
    make_deterministic(train.seed)
    model = model_of(context.params["model"])
    start = open_start(context)
    task = Task(
        architecture=Architecture(model, training.shape, target.units, learnt.options, start),
        train=train,
        training=training,
        validation=validation,
        learnt=learnt,
        devices=devices,
    )
    trainer, classifier = build_trainer(task)
    progress = trainer.fit(context)
    classifier, calibration = calibrated(classifier, task)
    document = _bundle_document(context, task, progress, classifier)
    document["calibration"] = calibration
    document["start"] = context.params.get("start")
    _write_graphs(context, task, classifier, document, decision)
    _write_documents(context, task, document, progress)
    return _result(document, progress, training.rows)


def _learn(context: StageContext, target: Target) -> Learnt:
    dataset, params = context.one("dataset"), context.params
    modality = open_learning(params["modality"])
    return modality.learn(dataset.path("train.parquet"), dataset.facts["records"], params, target)


def _check_sizes(training: DatasetSplit, validation: DatasetSplit) -> None:
    for split in (training, validation):
        if not split.rows:
            raise DataError(
                "a side of the dataset is empty",
                where=f"{split.name} split",
                expected="at least one record",
                received="0 records",
                remedy="Give more records, or change the split's shares.",
            )


def _bundle_document(
    context: StageContext, task: Task, progress: Progress, classifier: Any
) -> dict[str, Any]:
    best, dataset = progress.history[progress.best_epoch - 1], context.one("dataset")
    transform, training = dataset.facts.get("transform"), task.training
    document = task.learnt.document(transform)
    target, score = training.target, f"validation_{training.target.score}"
    statistics = {"rows": training.rows, **target.counted(training)}
    return document | {
        "format": target.format,
        **target.to_document(),
        "records": dataset.facts["records"],
        "input": task.learnt.encoder.to_document(),
        "transform": transform,
        "dataset_digest": dataset.manifest.digest,
        "reference": {**document["reference"], **statistics},
        "network_digest": network_digest(classifier),
        "weights": int(sum(weight.numpy().size for weight in classifier.weights)),
        "training": {
            "epochs": progress.epoch,
            "best_epoch": progress.best_epoch,
            "precision": task.train.precision,
            "validation_loss": best["validation_loss"],
            score: best[score],
        },
    }


def _write_graphs(
    context: StageContext,
    task: Task,
    classifier: Any,
    document: dict[str, Any],
    decision: Decision,
) -> None:
    """Write the network in its three forms, check that they agree, and choose the threshold."""
    folder = context.output
    save_keras(classifier, folder / "model.keras", context.scratch)
    learnt, target = task.learnt, task.training.target
    save_onnx(classifier, learnt.encoder, folder / "model.onnx", target.output)
    if decision.positive is not None:
        document["decision"] = _decide(context, decision, document, task.validation)
    labels, rule = target.labels, type(target).of(document, "bundle").rule
    learnt.save_saved_model(classifier, labels, folder / "saved_model", document["transform"], rule)
    inputs, _ = next(task.validation.groups())
    check_agreement(folder, learnt.encoder.name, inputs[:_SAMPLE], target)
    if task.train.explain:
        learnt.explain(classifier, task.validation, folder, rule)


def _decide(
    context: StageContext, decision: Decision, document: dict[str, Any], validation: DatasetSplit
) -> dict[str, Any]:
    """Choose the threshold by the answers of the graph that will serve."""
    bundle = Bundle(document, context.output / "model.onnx", "bundle")
    answers = ((classes, bundle.predict(inputs)) for inputs, classes in validation.groups())
    return choose_threshold(decision, bundle.labels, answers)


def _write_documents(
    context: StageContext, task: Task, document: dict[str, Any], progress: Progress
) -> None:
    folder = context.output
    _write_json(folder / "bundle.json", document)
    _write_json(folder / "history.json", {"format": FORMAT, "epochs": progress.history})
    _write_json(folder / "machine.json", _machine(progress, task.devices))


def _machine(progress: Progress, devices: tuple[str, ...]) -> dict[str, Any]:
    """Return what may change the last bits, or only the time."""
    return {
        "format": FORMAT,
        "processor": processor_name(),
        "devices": list(devices) or ["CPU"],
        "threads": tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "seconds": round(progress.seconds, 3),
    }


def _write_json(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=1, sort_keys=True, allow_nan=False)
    path.write_text(text, encoding="utf-8")


def _result(document: dict[str, Any], progress: Progress, rows: int) -> StageResult:
    training = document["training"]
    score = next(n for n in training if n.startswith("validation_") and n != "validation_loss")
    return StageResult(
        kind="bundle",
        rows=rows,
        facts={
            "format": document["format"],
            **{name: document[name] for name in ("labels", "target") if name in document},
            "records": document["records"],
            "transform": document["transform"],
            "network_digest": document["network_digest"],
            "dataset_digest": document["dataset_digest"],
            "epochs": training["epochs"],
            "best_epoch": training["best_epoch"],
            "precision": training["precision"],
        },
        metrics={
            "validation_loss": training["validation_loss"],
            score: training[score],
            "training_seconds": round(progress.seconds, 3),
            "epochs": float(training["epochs"]),
        },
        derived=("saved_model/*", "model.onnx", "machine.json"),
    )
