"""Which texts the sheets show: mistakes, a sample, explained validation records, refused ones.

Weights of words on the test split are by leaving words out, since nothing here may import a
deep-learning framework; those of the validation split were made by `train`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import read_table
from millrace.errors import SpecError
from millrace.learning.bundle import Bundle
from millrace.learning.evaluation.examples import confident_errors, some_of_each
from millrace.learning.evaluation.log_odds import Scores
from millrace.learning.evaluation.outcomes import Outcomes
from millrace.learning.evaluation.plots.figure import plain, plain_end
from millrace.learning.evaluation.plots.words import Written, draw_words
from millrace.learning.evaluation.rows import first_of_each, take_rows
from millrace.learning.texts.encoder import TokenEncoder
from millrace.learning.texts.explained import EXPLAINED, Explained, seen_words
from millrace.learning.texts.leave_out import leave_out, leave_words_out
from millrace.learning.texts.tfidf import TfidfEncoder

_REFUSED = 48
_WORDS = 200  # of a text, where a model sees all
_SHOWN = 2_000  # bytes of a refused record
_COLOURS = "Orange words speak for the prediction, blue ones against it"


def draw_texts(folder: Path, outcomes: Outcomes, dataset: Artifact, bundle: Artifact) -> None:
    """Draw ``misclassified``, ``samples``, and ``explained`` and ``quarantine`` where there are."""
    test = dataset.path("test.parquet")
    opened = Bundle.open(bundle)
    wrong = confident_errors(outcomes.confidence, outcomes.correct)
    mistakes = int((~outcomes.correct).sum())
    title = f"{mistakes:,} of {len(outcomes):,} test records misclassified"
    if len(wrong) < mistakes:
        title += f", the {len(wrong)} most confident"
    _draw_left_out(folder / "misclassified.png", title, opened, outcomes, test, wrong)
    sample = some_of_each(outcomes.truth, outcomes.correct)
    title = "Test records that were classified rightly, some of each class"
    _draw_left_out(folder / "samples.png", title, opened, outcomes, test, sample)
    if bundle.has(EXPLAINED):
        _draw_explained(folder / "explained.png", json.loads(bundle.path(EXPLAINED).read_bytes()))
    if dataset.has("quarantine.parquet"):
        _draw_refused(folder / "quarantine.png", dataset.path("quarantine.parquet"))


def left_out(bundle: Bundle, outcomes: Outcomes, table: Path, rows: list[int]) -> list[Explained]:
    """Return the words of test records with their weights, by leaving each out."""
    records = take_rows(table, rows, ["record_id", "label", "text"])
    classes = outcomes.predicted[rows].tolist()
    seen, weights = _weighed(bundle, [record["text"] for record in records], classes)
    return [
        Explained(
            record_id=record["record_id"],
            label=record["label"],
            predicted=outcomes.labels[index],
            probability=float(outcomes.confidence[row]),
            words=words,
            weights=tuple(found.tolist()),
        )
        for row, record, words, index, found in zip(
            rows, records, seen, classes, weights, strict=True
        )
    ]


def _weighed(
    bundle: Bundle, texts: list[str], classes: list[int]
) -> tuple[list[tuple[str, ...]], list[Scores]]:
    """Return the words of texts, as many as are seen or shown, and their weights."""
    encoder = bundle.encoder
    if isinstance(encoder, TokenEncoder):
        ids = encoder.encode(pa.array(texts, pa.string()))
        return seen_words(texts, encoder.shape[0]), leave_out(bundle.predict, ids, classes)
    if not isinstance(encoder, TfidfEncoder):
        raise SpecError("not a bundle of texts", where=bundle.where)
    features, words = encoder.encode, seen_words(texts, _WORDS)
    return words, leave_words_out(
        lambda some: bundle.predict(features(pa.array(some, pa.string()))), words, classes
    )


def _draw_left_out(
    path: Path, title: str, bundle: Bundle, outcomes: Outcomes, table: Path, rows: list[int]
) -> None:
    explained = left_out(bundle, outcomes, table, rows)
    draw_words(path, title, [_written(one) for one in explained], f"{_COLOURS} (leaving one out).")


def _draw_explained(path: Path, document: dict[str, Any]) -> None:
    explained = [Explained.from_document(text) for text in document["texts"]]
    title = f"Mistakes and some other records of the {document['split']} split, explained"
    error = document["largest_error"]
    legend = f"{_COLOURS} ({document['method']}; weights account for all but {error:.1%})."
    draw_words(path, title, [_written(one) for one in explained], legend)


def _draw_refused(path: Path, table: Path) -> None:
    reasons = sorted({r for t in read_table(table, ["reason"]) for r in t["reason"].to_pylist()})
    share = max(1, _REFUSED // max(1, len(reasons)))
    chosen, counts = first_of_each(table, "reason", reasons, share)
    order = [row for reason in reasons for row in chosen[reason]][:_REFUSED]
    rows = take_rows(table, order, ["reason", "record_id", "content"])
    texts = [
        Written(f"{row['reason']}  {plain_end(row['record_id'], 60)}", _readable(row["content"]))
        for row in rows
    ]
    summary = ", ".join(f"{plain(reason, 24)} {counts[reason]:,}" for reason in reasons)
    title = f"Quarantine: {counts.total():,} records ({plain(summary, 70)})"
    draw_words(path, title if texts else "Quarantine: no record was refused", texts)


def _readable(content: bytes | None) -> list[str]:
    """Return the first words of whatever was refused."""
    return bytes(content or b"")[:_SHOWN].decode("utf-8", "replace").split()


def _written(explained: Explained) -> Written:
    answer = f"{explained.predicted} {explained.probability:.3f}"
    truth = "" if explained.label == explained.predicted else f", truly {explained.label}"
    caption = f"{answer}{truth}  {plain_end(explained.record_id, 50)}"
    return Written(caption, explained.words, np.asarray(explained.weights).tolist())
