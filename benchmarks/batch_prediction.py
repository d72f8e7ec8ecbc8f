"""Batch prediction by the bundle's ONNX graph against `model.predict` of the same network in Keras.

Usage: ``python benchmarks/batch_prediction.py [--rounds 5] [--rows 32768]``

Ours is what the stage `predict` does: Parquet in, predictions with labels as Parquet out. Keras
gets the pictures in memory and only returns probabilities, in batches of 32 (its default) and of
1,024. Medians over rounds in turns.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "include"))

import numpy as np

from millrace.artifacts.tables import write_table
from millrace.learning.bundle import FORMAT, Bundle
from millrace.learning.export.onnx_file import save_onnx
from millrace.learning.framework import make_deterministic
from millrace.learning.networks.architecture import Architecture
from millrace.learning.pictures.learnt import LearntPictures
from millrace.learning.pictures.normalisation import Normalisation
from millrace.learning.predictions import predict_table, predictions_schema
from millrace.workflow.images import ImageAugmentation
from millrace.workflow.learning import CnnModel, MlpModel
from samples import LABELS, SHAPE, digits

_NETWORKS = {
    "mlp": MlpModel(kind="mlp"),
    "cnn": CnnModel(kind="cnn"),
    "cnn, as mnist.yaml": CnnModel(kind="cnn", residual=True, width=32, stages=2),
}


def main() -> None:
    """Compare the sides for every network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="of each side (default 5)")
    parser.add_argument("--rows", type=int, default=32_768, help="records (default 32,768)")
    arguments = parser.parse_args()
    make_deterministic(7)
    print("| network | Millrace, records/s | Keras, 32 a batch | 1,024 | ratio to 32 | to 1,024 |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        split = digits(Path(folder), arguments.rows)
        for name, model in _NETWORKS.items():
            sides = _sides(model, split, Path(folder))
            ours, *theirs = (split.rows / t for t in _medians(sides, arguments.rounds))
            figures = " | ".join(f"{speed:,.0f}" for speed in (ours, *theirs))
            print(f"| {name} | {figures} | {ours / theirs[0]:.2f} | {ours / theirs[1]:.2f} |")


def _sides(model: Any, split: Any, folder: Path) -> list[Callable[[], Any]]:
    architecture = Architecture(model, SHAPE, len(LABELS))
    normalisation = Normalisation((0.2,), (0.3,))
    learnt = LearntPictures(split.encoder, normalisation, ImageAugmentation())
    classifier = learnt.classifier(architecture.network(7), model)
    graph = folder / "model.onnx"
    save_onnx(classifier, split.encoder, graph)
    document = {
        "format": FORMAT,
        "records": {"modality": "image"},
        "labels": list(LABELS),
        "input": split.encoder.to_document(),
    }
    bundle = Bundle(document, graph, "benchmark")
    schema = predictions_schema(LABELS)
    images, _ = split.load()
    expected = classifier.predict(images[:512], verbose=0)
    if not np.allclose(bundle.predict(images[:512]), expected, atol=1e-4):
        raise SystemExit("the sides do not compute the same")
    return [
        lambda: write_table(folder / "out.parquet", schema, predict_table(bundle, split.path)),
        lambda: classifier.predict(images, verbose=0),
        lambda: classifier.predict(images, batch_size=1024, verbose=0),
    ]


def _medians(sides: list[Callable[[], Any]], rounds: int) -> list[float]:
    taken: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds + 1):
        for side, seconds in zip(sides, taken, strict=True):
            started = time.perf_counter()
            side()
            seconds.append(time.perf_counter() - started)
    return [statistics.median(seconds[1:]) for seconds in taken]


if __name__ == "__main__":
    main()
