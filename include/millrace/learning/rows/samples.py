"""Which records the sheets show: mistakes, right answers, refused ones; and what columns weigh."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import isnan
from pathlib import Path

import numpy as np
import pyarrow as pa

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import read_schema, read_table
from millrace.errors import SpecError
from millrace.learning.bundle import Bundle
from millrace.learning.evaluation.examples import confident_errors, some_of_each
from millrace.learning.evaluation.outcomes import Outcomes
from millrace.learning.evaluation.plots.figure import plain, plain_end
from millrace.learning.evaluation.plots.words import Written, draw_words
from millrace.learning.evaluation.rows import first_of_each, take_rows
from millrace.learning.rows.encoder import Features, RowEncoder, columns_of
from millrace.learning.rows.importance import draw_importance
from millrace.learning.rows.leave_out import Weights, affordable, leave_out
from millrace.learning.rows.unusual import comparable, deviations, most_unusual

_REFUSED = 48
_SHOWN = 30  # columns of a record
_WEIGHED = 500  # test records whose columns' weights are averaged
_UNUSUAL = 16  # training records
_BYTES = 2_000  # of a refused record
_COLOURS = "Orange values speak for the prediction, blue ones against it (taking them for missing)."

_LOG_ODDS = "mean change of the log-odds, the value taken for missing"
_APART = "The more orange a value, the more standard deviations it is from its column's mean."

Rows = Sequence[int]
Value = float | str | None


def draw_rows(folder: Path, outcomes: Outcomes, dataset: Artifact, bundle: Artifact) -> None:
    """Draw ``misclassified``, ``samples``, ``importance``, ``unusual``, and ``quarantine`` where it
    exists.
    """
    sheets = _ClassSheets(Bundle.open(bundle), outcomes, dataset.path("test.parquet"))
    wrong = confident_errors(outcomes.confidence, outcomes.correct)[: sheets.most]
    mistakes = int((~outcomes.correct).sum())
    title = f"{mistakes:,} of {len(outcomes):,} test records misclassified"
    if len(wrong) < mistakes:
        title += f", the {len(wrong)} most confident"
    sheets.draw(folder / "misclassified.png", title, wrong, _COLOURS)
    sample = some_of_each(outcomes.truth, outcomes.correct)[: sheets.most]
    title = "Test records that were classified rightly, some of each class"
    sheets.draw(folder / "samples.png", title, sample, _COLOURS)
    sheets.draw_importance(folder / "importance.png", _LOG_ODDS)
    sheets.draw_unusual(folder / "unusual.png", dataset.path("train.parquet"))
    if dataset.has("quarantine.parquet"):
        draw_refused_sheet(folder / "quarantine.png", dataset.path("quarantine.parquet"))


class Sheets(ABC):
    """Sheets of test records.

    Args:
        bundle: whose answers they are. rows: test records. test: their table.

    Attributes:
        most: records of a sheet that can be afforded.
    """

    def __init__(self, bundle: Bundle, rows: int, test: Path) -> None:
        encoder = bundle.encoder
        if not isinstance(encoder, RowEncoder):
            raise SpecError("not a bundle of tables", where=bundle.where)
        self.bundle, self.encoder = bundle, encoder
        self._rows, self._test = rows, test
        self.most = affordable(encoder.shape[0])
        schema = read_schema(test)
        self._names = [n for part in encoder.columns for n in columns_of(schema, part)]

    @abstractmethod
    def weights(self, rows: Rows) -> Weights:
        """Return the weight of each column for each record ``(rows, columns)``."""

    @abstractmethod
    def answer(self, row: int) -> str:
        """Return what was answered, and what is true, in words."""

    def draw(self, path: Path, title: str, rows: Rows, colours: str) -> None:
        """Draw records, the values of their columns coloured."""
        records = take_rows(self._test, rows, ["record_id", "label", "numbers", "categories"])
        weights = self.weights(rows)
        written = [
            self._written(row, record["record_id"], [*record["numbers"], *record["categories"]], w)
            for row, record, w in zip(rows, records, weights, strict=True)
        ]
        draw_words(path, title, written, colours)

    def draw_importance(self, path: Path, axis: str) -> None:
        """Draw the mean weight of each column; `axis` says what it is."""
        rows = range(min(self._rows, _WEIGHED, self.most))
        weights = np.abs(self.weights(rows)).mean(axis=0)
        draw_importance(path, self._names, weights, len(rows), axis)

    def draw_unusual(self, path: Path, train: Path) -> None:
        """Draw the most unusual of the first training records; their order is random."""
        table = next(iter(read_table(train, ["record_id", "label", *self.encoder.columns])))
        features = comparable(self.encoder(table), len(self.encoder.scaling.names))
        apart = deviations(features)
        written = [
            Written(
                f"{record['label']}  {plain_end(record['record_id'], 50)}",
                *self._words([*record["numbers"], *record["categories"]], apart[row]),
            )
            for row in most_unusual(features, _UNUSUAL)
            for record in table.slice(row, 1).to_pylist()
        ]
        title = f"The most unusual of {table.num_rows:,} training records (isolation forest)"
        draw_words(path, title, written, _APART)

    def features(self, rows: Rows) -> Features:
        """Return the features of records ``(rows, columns)``."""
        wanted, start = set(rows), 0
        found: dict[int, Features] = {}
        for table in read_table(self._test, list(self.encoder.columns)):
            here = sorted(row for row in wanted if start <= row < start + table.num_rows)
            if here:
                part = self.encoder(table.take(pa.array([row - start for row in here])))
                found.update(zip(here, part, strict=True))
            start += table.num_rows
        return np.array([found[row] for row in rows], np.float32).reshape(-1, len(self._names))

    def _written(
        self, row: int, record_id: str, values: Sequence[Value], weights: Weights
    ) -> Written:
        caption = f"{self.answer(row)}  {plain_end(record_id, 50)}"
        return Written(caption, *self._words(values, weights))

    def _words(self, values: Sequence[Value], weights: Weights) -> tuple[list[str], list[float]]:
        """Return the columns of the largest weights with their values, and the weights."""
        order = np.argsort(-np.abs(weights), kind="stable")[:_SHOWN]
        words = [f"{self._names[place]}={_said(values[place])}" for place in order]
        return words, weights[order].tolist()


class _ClassSheets(Sheets):
    def __init__(self, bundle: Bundle, outcomes: Outcomes, test: Path) -> None:
        super().__init__(bundle, len(outcomes), test)
        self._outcomes = outcomes

    def weights(self, rows: Rows) -> Weights:
        """Return the change of the log-odds of the predicted class."""
        classes = self._outcomes.predicted[list(rows)]
        return leave_out(self.bundle.predict, self.encoder, self.features(rows), classes)

    def answer(self, row: int) -> str:
        """Return the predicted class, how sure it is, and the true one where that is another."""
        outcomes = self._outcomes
        true, taken = (
            outcomes.labels[index] for index in (outcomes.truth[row], outcomes.predicted[row])
        )
        truth = "" if true == taken else f", truly {true}"
        return f"{taken} {outcomes.confidence[row]:.3f}{truth}"


def _said(value: Value) -> str:
    if isinstance(value, float):
        return "?" if isnan(value) else f"{value:.4g}"
    return "?" if value is None else value


def draw_refused_sheet(path: Path, table: Path) -> None:
    """Draw some refused records of each reason."""
    reasons = sorted({r for t in read_table(table, ["reason"]) for r in t["reason"].to_pylist()})
    share = max(1, _REFUSED // max(1, len(reasons)))
    chosen, counts = first_of_each(table, "reason", reasons, share)
    order = [row for reason in reasons for row in chosen[reason]][:_REFUSED]
    rows = take_rows(table, order, ["reason", "detail", "record_id", "content"])
    texts = [
        Written(
            f"{row['reason']}  {plain_end(row['record_id'], 40)}  {plain(row['detail'], 50)}",
            bytes(row["content"] or b"")[:_BYTES].decode("utf-8", "replace").split(","),
        )
        for row in rows
    ]
    summary = ", ".join(f"{plain(reason, 24)} {counts[reason]:,}" for reason in reasons)
    title = f"Quarantine: {counts.total():,} records ({plain(summary, 70)})"
    draw_words(path, title if texts else "Quarantine: no record was refused", texts)
