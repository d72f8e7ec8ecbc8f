"""`explained`: maps of test pictures, by the methods that passed their checks in training."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import Images, image_shape, read_schema
from millrace.learning.evaluation.examples import Asked
from millrace.learning.evaluation.pictures import pixels
from millrace.learning.evaluation.rows import take_rows
from millrace.learning.framework import keras
from millrace.learning.pictures.attributions import Attributions
from millrace.learning.pictures.explained import (
    CAM,
    GRADIENTS,
    Explained,
    Explanations,
    Maps,
    Method,
)

_UNCHECKED = "its sanity checks were not made when the network was trained (`train.explain`)"
_UNREADABLE = "its layers are not all Keras' own, and cannot be read back from model.keras ({})"

log = logging.getLogger(__name__)
Report = Callable[[Mapping[str, Any]], None]


def explained(
    dataset: Artifact, bundle: Artifact, asked: Asked, scratch: Path, report: Report
) -> Explanations:
    """Return maps for the predicted classes of the test records that are asked for.

    A method that the bundle refuses is not tried. Where the bundle has no checks, or its network
    cannot be read, all methods are refused.

    Args:
        dataset: whose test split was predicted. bundle: with ``model.keras`` and its checks.
        asked: which records, mistakes first. scratch: folder for temporary files.
        report: called with progress.
    """
    outcomes, rows = asked.outcomes, [*asked.mistakes, *asked.sample]
    table = dataset.path("test.parquet")
    shape = image_shape(read_schema(table))
    records = take_rows(table, rows, ["record_id", "image"])
    pictures = [pixels(record["image"], shape) for record in records]
    classes = [int(outcomes.predicted[row]) for row in rows]
    found = replace(
        _checked(bundle),
        split="test",
        rows=len(outcomes),
        mistakes=int((~outcomes.correct).sum()),
        records=[
            Explained(
                row=row,
                record_id=record["record_id"],
                label=outcomes.labels[outcomes.truth[row]],
                predicted=outcomes.labels[index],
                probability=round(float(outcomes.confidence[row]), 6),
            )
            for row, record, index in zip(rows, records, classes, strict=True)
        ],
        maps={},
    )
    if not rows or not found.shown:
        return found
    path = scratch / "model.keras"  # Keras goes by the suffix
    shutil.copyfile(bundle.path("model.keras"), path)
    try:
        network = keras.models.load_model(path, compile=False)
    except (TypeError, ValueError, ImportError) as error:
        log.warning("The network of the bundle cannot be read back: %s", error)
        return found.without(_UNREADABLE.format(type(error).__name__))
    attributions = Attributions(network, np.asarray(found.baseline, np.float32))
    return _with_maps(found, attributions, pictures, classes, report)


def _checked(bundle: Artifact) -> Explanations:
    """Return what training found out about the methods."""
    found = Explanations.read(bundle)
    if found is None:
        none = Explanations("", 0, 0, (), cam=Method(CAM), gradients=Method(GRADIENTS), records=())
        return none.without(_UNCHECKED)
    return found


def _with_maps(
    found: Explanations,
    attributions: Attributions,
    pictures: list[Images],
    classes: list[int],
    report: Report,
) -> Explanations:
    """Add the maps of the methods that are shown, and how far each adds up."""
    maps: dict[str, list[Maps]] = {name: [] for name in found.shown}
    records = []
    for number, (one, picture, index) in enumerate(
        zip(found.records, pictures, classes, strict=True), 1
    ):
        if "cam" in maps:
            maps["cam"].append(attributions.cam(picture, index))
        if "gradients" in maps:
            way, error = attributions.gradients(picture, index)
            maps["gradients"].append(way)
            left_out = error if np.isfinite(error) else 1.0  # no number accounts for nothing
            one = replace(one, error=round(left_out, 6))
        records.append(one)
        report({"record": number, "records": len(pictures)})
    errors = [one.error for one in records if one.error is not None]
    gradients = found.gradients
    if errors:
        gradients = replace(gradients, error=round(float(np.median(errors)), 6))
    made = replace(found, gradients=gradients, records=records)
    return replace(made, maps={name: np.stack(maps[name]) for name in made.shown})
