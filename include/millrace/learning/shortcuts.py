"""Stage `shortcuts`: how far facts that carry no content reach, by a small scikit-learn model.

What such facts alone reach, a network may reach by them, too, if pixels tell them: a reader must
see it beside the network's figure. The place of a record in its source is never a feature, since no
content can tell it; what it alone would reach is reported beside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import read_table
from millrace.learning.classes import class_indices, dataset_labels
from millrace.learning.content_features import NUMBERS, Features, features
from millrace.learning.evaluation.area import area
from millrace.learning.evaluation.spread import spread_of, written
from millrace.workflow.stage import StageContext, StageResult

FORMAT = 1
"""Of ``shortcuts.json``."""

_TREES = 100
_LEAF = 1  # records of a leaf, at least
_ROWS = 10_000  # records that are looked at, at most
_NAMED = 6  # facts that the sentence names

Matrix = npt.NDArray[np.float32]


def run(context: StageContext) -> StageResult:
    """Score facts alone by cross-validation.

    Parameters (keyed): ``seed``. Inputs: ``dataset``, with ``facts.parquet``; ``folds``, of it. The
    facts are ``folds`` (0 where there were too few groups), ``facts`` (the names of what differs
    between records), ``metrics`` (see `spread_of`), ``alone`` (what each number alone reaches),
    ``position``, ``most_frequent`` (accuracy of always naming the most frequent class) and
    ``sentence``. Writes ``shortcuts.json``.
    """
    table, fold = _read(context.one("dataset"), context.one("folds"))
    labels = dataset_labels(context.one("dataset"))
    classes = class_indices(table["label"], labels, "facts")
    known = features(table)
    count = int(context.one("folds").facts["folds"])
    facts: dict[str, Any] = {"rows": table.num_rows, "folds": count, "facts": list(known.names)}
    facts["most_frequent"] = float(np.bincount(classes).max() / max(len(classes), 1))
    if count and known.names:
        judge = _Judge(classes, fold, len(labels), int(context.params["seed"]))
        facts |= _scored(judge, known, table)
    reason = context.one("folds").facts.get("reason")
    facts["sentence"] = _sentence(facts, reason)
    text = json.dumps({"format": FORMAT, **facts}, indent=1, sort_keys=True, allow_nan=False)
    (context.output / "shortcuts.json").write_text(text + "\n", encoding="utf-8")
    metrics = {name: one["mean"] for name, one in facts.get("metrics", {}).items()}
    return StageResult(kind="shortcuts", rows=table.num_rows, facts=facts, metrics=metrics)


def _read(dataset: Artifact, folds: Artifact) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """Return the facts and the fold of each record, of some where there are very many."""
    table = pa.concat_tables(read_table(dataset.path("facts.parquet")))
    shared = pa.concat_tables(read_table(folds.path("folds.parquet")))
    fold = shared["fold"].to_numpy() if shared.num_rows else np.zeros(table.num_rows, np.int64)
    step = -(-table.num_rows // _ROWS) or 1
    chosen = np.arange(0, table.num_rows, step)
    return table.take(pa.array(chosen)).combine_chunks(), fold[chosen]


class _Judge:
    """Scores columns of numbers on folds."""

    def __init__(
        self,
        classes: npt.NDArray[np.int32],
        fold: npt.NDArray[np.int64],
        labels: int,
        seed: int,
    ) -> None:
        self._classes, self._fold, self._labels, self._seed = classes, fold, labels, seed

    def __call__(self, columns: Matrix, trees: int = _TREES) -> list[dict[str, float]]:
        """Return accuracy and the area under the ROC curve of each fold."""
        found = []
        for fold in np.unique(self._fold).tolist():
            test = self._fold == fold
            told = self._predicted(columns, test, trees)
            truth = self._classes[test]
            figures = {"accuracy": float((told.argmax(axis=1) == truth).mean())}
            ranked = area(truth, told)
            found.append(figures if ranked is None else figures | {"roc_auc": ranked})
        return found

    def _predicted(
        self, columns: Matrix, test: npt.NDArray[np.bool_], trees: int
    ) -> npt.NDArray[np.float64]:
        from sklearn.ensemble import RandomForestClassifier

        model = RandomForestClassifier(
            trees, min_samples_leaf=_LEAF, random_state=self._seed, n_jobs=1
        )
        model.fit(columns[~test], self._classes[~test])
        told = np.zeros((int(test.sum()), self._labels))
        told[:, model.classes_] = model.predict_proba(columns[test])
        return told


def _scored(judge: _Judge, known: Features, table: pa.Table) -> dict[str, Any]:
    alone = {
        name: spread_of(judge(known.values[:, [place]], _TREES // 4))
        for place, name in enumerate(known.names)
        if name in NUMBERS
    }
    position = table["position"].to_numpy().astype(np.float32)[:, np.newaxis]
    return {
        "metrics": spread_of(judge(known.values)),
        "alone": alone,
        "position": spread_of(judge(position, _TREES // 4)),
    }


def _sentence(facts: Mapping[str, Any], reason: str | None) -> str:
    """Return what is said of it, without a full stop."""
    if not facts["facts"]:
        return "Facts without content are the same for all records: they tell no class"
    if "metrics" not in facts:
        return f"What facts without content reach is not known: {reason}"
    names = ", ".join(_words(name) for name in _few(facts["facts"]))
    metrics = facts["metrics"]
    reached = f"accuracy {written(metrics['accuracy'])}"
    if "roc_auc" in metrics:
        reached = f"AUC {written(metrics['roc_auc'])} and {reached}"
    return (
        f"Facts that carry no content ({names}) alone reach {reached} by {facts['folds']} folds; "
        f"the most frequent class alone {facts['most_frequent']:.3f}"
    )


def _few(names: Sequence[str]) -> list[str]:
    kinds = list(dict.fromkeys(name.partition(":")[0] for name in names))
    return kinds[:_NAMED] + (["and others"] if len(kinds) > _NAMED else [])


def _words(name: str) -> str:
    return name.replace("_", " ")
