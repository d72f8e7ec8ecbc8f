"""Answers to messages: the bundle's ONNX graph against the SavedModel and `model.predict`.

Usage: ``SMS=<SMSSpamCollection> python benchmarks/text_prediction.py [--rounds 5] [--rows 55740]``

Batch: ours is what the stage `predict` does, canonical texts as Parquet in, predictions with labels
as Parquet out. Keras gets numbers of words in memory, and the SavedModel raw texts in memory, 1,024
a call; they only return answers. Online: one raw message a call, ours through
`millrace.canonical_text` and the bundle, theirs through the SavedModel's ``serve_text``. Both sides
in one process, in turns; medians.
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
import pyarrow as pa
from common import machine, show
from text_samples import LABELS, TRANSFORM, messages, raw_messages

from millrace.artifacts.tables import write_table
from millrace.canonical_text.canonical import CanonicalText
from millrace.learning.bundle import FORMAT, Bundle
from millrace.learning.export.onnx_file import save_onnx
from millrace.learning.framework import make_deterministic, tf
from millrace.learning.networks.architecture import Architecture
from millrace.learning.predictions import predict_table, predictions_schema
from millrace.workflow.text_models import TextCnnModel

_LARGE = 1_024
_ONLINE = 1_000  # messages, at most
_AGREE = 1e-5
Side = Callable[[], Any]


def main() -> None:
    """Compare the sides."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="of each side (default 5)")
    parser.add_argument("--rows", type=int, default=55_740, help="records (default 55,740)")
    arguments = parser.parse_args()
    make_deterministic(7)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        split, learnt = messages(folder, arguments.rows)
        model = TextCnnModel(kind="text_cnn")
        architecture = Architecture(model, split.shape, len(LABELS), learnt.options)
        classifier = learnt.classifier(architecture.network(7), model)
        bundle = _bundle(classifier, learnt.encoder, folder)
        learnt.save_saved_model(classifier, LABELS, folder / "saved", TRANSFORM)
        saved = tf.saved_model.load(str(folder / "saved"))
        _check(bundle, saved)
        _batch(bundle, classifier, saved, split, arguments.rounds)
        _online(bundle, saved, min(_ONLINE, arguments.rows), arguments.rounds)


def _bundle(classifier: Any, encoder: Any, folder: Path) -> Bundle:
    save_onnx(classifier, encoder, folder / "model.onnx")
    document = {
        "format": FORMAT,
        "records": {"modality": "text"},
        "labels": list(LABELS),
        "input": encoder.to_document(),
    }
    return Bundle(document, folder / "model.onnx", "benchmark")


def _check(bundle: Bundle, saved: Any) -> None:
    texts, _ = raw_messages(2_000)
    theirs = saved.serve_text(tf.constant(texts))["probabilities"].numpy()
    worst = float(np.abs(_answers(bundle, texts) - theirs).max())
    if worst > _AGREE:
        raise SystemExit(f"the sides do not compute the same: {worst} apart")


def _answers(bundle: Bundle, texts: list[str]) -> Any:
    canonical = CanonicalText(TRANSFORM)(pa.array(texts))
    return bundle.predict_records(pa.table({"text": canonical}))


def _batch(bundle: Bundle, classifier: Any, saved: Any, split: Any, rounds: int) -> None:
    out, schema = split.path.with_name("out.parquet"), predictions_schema(LABELS)
    ids, _ = split.load()
    texts, _ = raw_messages(split.rows)
    parts = [tf.constant(texts[at : at + _LARGE]) for at in range(0, split.rows, _LARGE)]
    sides: dict[str, Side] = {
        "Millrace, Parquet to Parquet": lambda: write_table(
            out, schema, predict_table(bundle, split.path)
        ),
        "Keras `predict`, 32 a batch": lambda: classifier.predict(ids, verbose=0),
        "Keras `predict`, 1,024": lambda: classifier.predict(ids, batch_size=_LARGE, verbose=0),
        "SavedModel, raw texts, 1,024": lambda: [saved.serve_text(part) for part in parts],
    }
    speeds = [split.rows / seconds for seconds in _medians(list(sides.values()), rounds)]
    rows = [
        (name, f"{speed:,.0f} records/s, ours {speeds[0] / speed:.2f} of it")
        for name, speed in zip(sides, speeds, strict=True)
    ]
    show(f"{split.rows:,} messages ({machine()})", rows)


def _medians(sides: list[Side], rounds: int) -> list[float]:
    taken: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds + 1):
        for side, seconds in zip(sides, taken, strict=True):
            started = time.perf_counter()
            side()
            seconds.append(time.perf_counter() - started)
    return [statistics.median(seconds[1:]) for seconds in taken]


def _online(bundle: Bundle, saved: Any, count: int, rounds: int) -> None:
    texts, _ = raw_messages(count)
    canonical = CanonicalText(TRANSFORM)
    made = [pa.table({"text": canonical(pa.array([text]))}) for text in texts]
    ids = [bundle.encoder(one) for one in made]
    seconds: dict[str, list[float]] = {}
    for _ in range(rounds):
        for text, one, numbers in zip(texts, made, ids, strict=True):
            calls: dict[str, Side] = {
                "bundle, raw text": lambda text=text: _one(canonical, bundle, text),
                "bundle, canonical text": lambda one=one: bundle.predict_records(one),
                "bundle, numbers of words": lambda numbers=numbers: bundle.predict(numbers),
                "SavedModel, raw text": lambda text=text: saved.serve_text(tf.constant([text])),
            }
            for name, call in calls.items():
                started = time.perf_counter()
                call()
                seconds.setdefault(name, []).append(time.perf_counter() - started)
    rows = []
    for name, taken in seconds.items():
        cuts = statistics.quantiles(taken, n=100)
        rows.append((name, f"{cuts[49] * 1e3:.2f} ms, 95 in 100 within {cuts[94] * 1e3:.2f} ms"))
    show(f"One message a call ({machine()})", rows)


def _one(canonical: CanonicalText, bundle: Bundle, text: str) -> Any:
    return bundle.predict_records(pa.table({"text": canonical(pa.array([text]))}))


if __name__ == "__main__":
    main()
