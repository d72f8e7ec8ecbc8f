"""The stage `baseline`: a scikit-learn model on the same split, so that a network has a rival.

It is fitted on the first records of the training split, which were shuffled when the dataset was
written, so the choice is stable and fair. No deep-learning framework is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from millrace.artifacts.tables import read_table, write_table
from millrace.errors import DataError
from millrace.learning.modality import Rival, open_learning
from millrace.learning.predictions import COLUMNS
from millrace.learning.rival_bundle import RivalBundle
from millrace.learning.target import Answers, Target, target_type
from millrace.learning.threshold import choose_threshold
from millrace.workflow.decision import Decision
from millrace.workflow.stage import StageContext, StageResult

_SIDE = "train split"


class _Asked(NamedTuple):
    """Who answers: the rival, or its bundle."""

    columns: Sequence[str]
    predict: Callable[[pa.Table], Answers]


def run(context: StageContext) -> StageResult:
    """Fit on ``dataset``'s training split and predict its test split.

    Parameters (keyed): ``modality``; ``baseline``, values of the spec's, with ``kind`` and
    ``rows``, how many records it may use; ``target``, where a number is learnt; ``decision``, where
    a threshold is to be chosen, which it has of its own; ``export``, true
    where a bundle is written, which then gives all answers.

    Raises:
        DataError: the training records that it may use have a single label, or the validation
            split has none of one of the classes to decide between.
        SpecError: the decision is between other classes, or the model cannot become a bundle.
    """
    spec = context.params["baseline"]
    dataset = context.one("dataset")
    target = target_type(context.params).learn(dataset, context.params)
    rival = open_learning(context.params["modality"]).rival(spec, target)
    records = _first_records(dataset.path("train.parquet"), rival, spec["rows"])
    values = target.values(records["label"], _SIDE)
    target.check(values, f"the first {len(values):,} records of the {_SIDE}")
    rival.fit(records, values)
    facts = {"kind": spec["kind"], "rows": len(values)}
    bundle = None
    if context.params.get("export"):
        bundle = RivalBundle(context, rival, target, records, values)
    ask = _Asked(rival.columns, (bundle or rival).predict)
    decided = {}
    if "decision" in context.params:
        validation = dataset.path("validation.parquet")
        decided["decision"] = _decide(context.params["decision"], target, ask, validation)
    facts |= decided
    target = type(target).of({**target.to_document(), **decided}, "baseline")
    rows = write_table(
        context.output / "predictions.parquet",
        target.schema(),
        _predictions(ask, dataset.path("test.parquet"), target),
    )
    if bundle is not None:
        facts |= bundle.write(decided)
    return StageResult(kind="baseline", rows=rows, facts=facts)


def _first_records(path: Path, rival: Rival, rows: int) -> pa.Table:
    parts: list[pa.Table] = []
    missing = rows
    for table in read_table(path, [*rival.columns, "label"]):
        parts.append(table.slice(0, missing))
        missing -= parts[-1].num_rows
        if missing <= 0:
            break
    if not parts:
        raise DataError("the training split holds no record", where=_SIDE)
    return pa.concat_tables(parts)


def _decide(
    decision: Mapping[str, Any], target: Target, ask: _Asked, validation: Path
) -> dict[str, Any]:
    answers = [
        (target.values(records["label"], "validation split"), ask.predict(records))
        for records in read_table(validation, [*ask.columns, "label"])
        if records.num_rows
    ]
    return choose_threshold(Decision(**decision), target.labels, answers)


def _predictions(ask: _Asked, path: Path, target: Target) -> Iterator[pa.Table]:
    for records in read_table(path, [*COLUMNS, *ask.columns]):
        yield target.table(records, ask.predict(records))
