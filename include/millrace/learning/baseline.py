"""The stage `baseline`: a scikit-learn model on the same split, so that a network has a rival.

It is fitted on the first records of the training split, which were shuffled when the dataset was
written, so the choice is stable and fair. No deep-learning framework is imported here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from millrace.artifacts.tables import Images, column_to_images, read_table, write_table
from millrace.errors import DataError
from millrace.learning.classical import ClassicalModel
from millrace.learning.dataset import Classes, DatasetSplit
from millrace.learning.predictions import COLUMNS, predictions_schema, predictions_table
from millrace.workflow.learning import Baseline
from millrace.workflow.stage import StageContext, StageResult


def run(context: StageContext) -> StageResult:
    """Fit on ``dataset``'s training split and predict its test split.

    Raises:
        DataError: the training records that it may use are of a single class.
    """
    spec = Baseline(**context.params)
    dataset = context.one("dataset")
    training = DatasetSplit.of(dataset, "train")
    images, classes = _first_records(training, spec.rows)
    _check_classes(training, classes)
    model = ClassicalModel(spec.kind, len(training.labels)).fit(images, classes)
    rows = write_table(
        context.output / "predictions.parquet",
        predictions_schema(training.labels),
        _predictions(model, DatasetSplit.of(dataset, "test")),
    )
    return StageResult(kind="baseline", rows=rows, facts={"kind": spec.kind, "rows": len(classes)})


def _first_records(split: DatasetSplit, rows: int) -> tuple[Images, Classes]:
    images: list[Images] = [np.zeros((0, *split.shape), np.uint8)]
    classes: list[Classes] = [np.zeros(0, np.int32)]
    missing = rows
    for pictures, indices in split.groups():
        images.append(pictures[:missing])
        classes.append(indices[:missing])
        missing -= len(indices)
        if missing <= 0:
            break
    return np.concatenate(images), np.concatenate(classes)


def _check_classes(training: DatasetSplit, classes: Classes) -> None:
    found = np.unique(classes)
    if len(found) < 2:
        raise DataError(
            "the baseline sees fewer than two classes",
            where=f"the first {len(classes):,} records of the {training.name} split",
            expected="records of at least two classes",
            received=[training.labels[index] for index in found],
            remedy="Raise baseline.rows, add records of other classes, or check label_map.",
        )


def _predictions(model: ClassicalModel, test: DatasetSplit) -> Iterator[pa.Table]:
    for records in read_table(test.path, list(COLUMNS)):
        probabilities = model.predict(column_to_images(records["image"], test.shape))
        yield predictions_table(records, probabilities, test.labels)
