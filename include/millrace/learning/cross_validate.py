"""Stage `cross_validate`: every record scored by the model that has not seen its fold.

It trains nothing. The spread is over folds, whose training records overlap: it says how much a
result depends on the records, and is no interval of confidence (Y. Bengio, Y. Grandvalet, "No
Unbiased Estimator of the Variance of K-Fold Cross-Validation", JMLR 2004).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import read_table, write_table
from millrace.errors import DataError
from millrace.learning.bundle import Bundle
from millrace.learning.classes import class_indices
from millrace.learning.evaluation.area import area
from millrace.learning.evaluation.figures import Figures
from millrace.learning.evaluation.spread import spread_of, written
from millrace.learning.gating.check import words
from millrace.learning.predictions import predict_table
from millrace.workflow.stage import StageContext, StageResult

FORMAT = 1
"""Of ``cross_validation.json``."""

_FOLD = pa.field("fold", pa.int64(), nullable=False)
_SENTENCE = ("roc_auc", "accuracy")


def run(context: StageContext) -> StageResult:
    """Score the bundles and the baselines of all folds, each on its fold.

    Parameters (keyed): ``modality``; ``model``, the network's name. Inputs: ``dataset``; ``part``,
    data sets of the folds, ``bundle`` and ``baseline``, in one order. Writes
    ``predictions.parquet``, out-of-fold predictions with their fold, and
    ``cross_validation.json``.

    Raises:
        DataError: a fold has no record, or one of its models another form of records.
    """
    parts, bundles = context.inputs["part"], context.inputs["bundle"]
    rivals = context.inputs["baseline"]
    opened = [Bundle.open(one) for one in bundles]
    path = context.output / "predictions.parquet"
    schema = opened[0].target.schema().append(_FOLD)
    rows = write_table(path, schema, _predictions(opened, parts))
    _check_once(rows, context.one("dataset"))
    judge = opened[0].target.figures()
    tables = [*read_table(path)]
    ours = [_figures(judge, _of(tables, n), opened[0].labels) for n in range(1, len(parts) + 1)]
    theirs = [
        _figures(judge, [*read_table(a.path("predictions.parquet"))], opened[0].labels)
        for a in rivals
    ]
    pooled = judge.outcomes(tables, "all folds")
    facts = _facts(context, ours, theirs, judge.overall(pooled))
    report = {"format": FORMAT, "labels": list(opened[0].labels), **facts}
    report["pooled"] = {**facts["pooled"], **judge.details(pooled)}
    text = json.dumps(report, indent=1, sort_keys=True, allow_nan=False)
    (context.output / "cross_validation.json").write_text(text + "\n", encoding="utf-8")
    metrics = {name: one["mean"] for name, one in facts["metrics"].items()}
    return StageResult(kind="cross_validation", rows=rows, facts=facts, metrics=metrics)


def _predictions(bundles: Sequence[Bundle], parts: Sequence[Artifact]) -> Iterator[pa.Table]:
    for number, (bundle, part) in enumerate(zip(bundles, parts, strict=True), 1):
        for table in predict_table(bundle, part.path("test.parquet")):
            fold = pa.array(np.full(table.num_rows, number, np.int64))
            yield table.append_column(_FOLD, fold)


def _of(tables: Sequence[pa.Table], fold: int) -> list[pa.Table]:
    import pyarrow.compute as pc

    return [table.filter(pc.equal(table["fold"], fold)) for table in tables]


def _figures(judge: Figures, tables: Sequence[pa.Table], labels: Sequence[str]) -> dict[str, Any]:
    """Return the rows and the figures of one fold, with the area under the ROC curve."""
    outcomes = judge.outcomes(tables, "fold")
    whole = pa.concat_tables(tables)
    flat = pa.concat_arrays([c.flatten() for c in whole["probabilities"].chunks])
    probabilities = flat.to_numpy().reshape(-1, len(labels)).astype(np.float64)
    found = area(class_indices(whole["label"], labels, "fold"), probabilities)
    ranked = {} if found is None else {"roc_auc": found}
    return {"rows": len(outcomes), "metrics": judge.overall(outcomes) | ranked}


def _facts(
    context: StageContext,
    ours: Sequence[dict[str, Any]],
    theirs: Sequence[dict[str, Any]],
    pooled: dict[str, float],
) -> dict[str, Any]:
    mean, other = (spread_of([one["metrics"] for one in found]) for found in (ours, theirs))
    kind, model = context.inputs["baseline"][0].facts.get("kind"), context.params["model"]
    said, rival = (
        [f"{words(name)} {written(one[name])}" for name in _SENTENCE if name in one]
        for one in (mean, other)
    )
    error = mean["calibration_error"]
    return {
        "model": model,
        "folds": [
            {"fold": number, "baseline": rivals["metrics"], **one}
            for number, (one, rivals) in enumerate(zip(ours, theirs, strict=True), 1)
        ],
        "metrics": mean,
        "baseline": {"kind": kind, "metrics": other},
        "pooled": {"metrics": pooled},
        "sentence": (
            f"{len(ours)} folds, mean ± standard deviation: {model} {', '.join(said)}, "
            f"calibration error {written(error)}; baseline {kind} {', '.join(rival)}"
        ),
    }


def _check_once(rows: int, dataset: Artifact) -> None:
    expected = sum(dataset.facts["rows"].values())
    if rows != expected:
        raise DataError(
            "the folds are not all records once",
            where="cross_validate",
            expected=f"{expected:,} records",
            received=f"{rows:,}",
            remedy="Force the stages `folds` and `fold`.",
        )
