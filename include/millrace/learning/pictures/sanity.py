"""`write_checks`: whether maps of what spoke for answers to pictures depend on what was learnt.

Made of a few validation pictures, mistakes first, fewer where they are large. The split `test` is
never opened here, as nowhere in training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.artifacts.tables import Images
from millrace.learning.dataset import DatasetSplit
from millrace.learning.decision import Rule, predicted_classes
from millrace.learning.evaluation.examples import confident_errors, some_of_each
from millrace.learning.evaluation.rows import take_rows
from millrace.learning.pictures.attributions import Attributions
from millrace.learning.pictures.encoder import PixelEncoder
from millrace.learning.pictures.explained import (
    CAM,
    GRADIENTS,
    Check,
    Explained,
    Explanations,
    Maps,
    Method,
    rank_correlation,
)
from millrace.learning.pictures.randomised import (
    LEARNT,
    is_cheap,
    learn_random_labels,
    random_weights,
)

CHECKED = 4
"""Records whose maps are made of the randomised networks too, and kept, at most."""

_ROWS = 20_000  # records that are looked at, at most
_BATCH = 256
_JUDGED = 12  # pictures that a method is judged by, at most
_VALUES = 36 * 256 * 256 * 3  # of all of them, about
_LEAST, _LABELLED = 4, 48  # pictures


@dataclass(frozen=True)
class _Maps:
    """Of some pictures, by one network.

    Attributes:
        cam: ``(records, rows, columns)``, or None. gradients: ``(records, height, width)``.
        errors: of the gradients.
    """

    cam: Maps | None
    gradients: Maps
    errors: list[float]


def write_checks(
    classifier: Any,
    encoder: PixelEncoder,
    split: DatasetSplit,
    folder: Path,
    rule: Rule | None,
    baseline: Sequence[float],
) -> None:
    """Write maps of some records of `split`, and the checks of each method.

    Args:
        classifier: of `LearntPictures`, calibrated or not.
        baseline: the grey level of each channel that says nothing.
    """
    probabilities, classes, first = _answers(classifier, split)
    predicted = predicted_classes(probabilities, rule)
    right, places = predicted == classes, np.arange(len(classes))
    rows = confident_errors(probabilities[places, predicted], right, _JUDGED)
    rows = (rows + some_of_each(classes, right))[: _most(encoder)]
    records = take_rows(split.path, rows, ["record_id", "label", "image"])
    pictures = np.stack([np.frombuffer(r["image"], np.uint8) for r in records])
    pictures = pictures.reshape(-1, *encoder.shape)
    asked = [int(predicted[row]) for row in rows]
    attributions = Attributions(classifier, np.asarray(baseline, np.float32))
    found = _maps(attributions, pictures, asked)
    random, reasons = _randomised(
        attributions, pictures[:CHECKED], asked[:CHECKED], first, len(split.labels)
    )
    explained = [
        Explained(
            row=row,
            record_id=record["record_id"],
            label=record["label"],
            predicted=split.labels[index],
            probability=round(float(probabilities[row, index]), 6),
            error=round(error, 6) if np.isfinite(error) else None,
        )
        for row, record, index, error in zip(rows, records, asked, found.errors, strict=True)
    ]
    Explanations(
        split=split.name,
        rows=len(classes),
        mistakes=int((~right).sum()),
        baseline=list(baseline),
        cam=_judge_cam(found, random, reasons),
        gradients=_judge_gradients(found, random, reasons, _told(pictures, baseline)),
        records=explained[:CHECKED],
        maps=_kept(found, random),
    ).write(folder)


def _most(encoder: PixelEncoder) -> int:
    return min(_JUDGED, max(_LEAST, _VALUES // int(np.prod(encoder.shape))))


def _maps(
    attributions: Attributions, pictures: Images, classes: Sequence[int], *, rough: bool = False
) -> _Maps:
    pairs = list(zip(pictures, classes, strict=True))
    gradients = [attributions.gradients(picture, index, rough=rough) for picture, index in pairs]
    cam = None
    if attributions.has_cam:
        cam = np.stack([attributions.cam(picture, index) for picture, index in pairs])
    return _Maps(
        cam=cam,
        gradients=np.stack([made for made, _ in gradients]),
        errors=[error for _, error in gradients],
    )


def _randomised(
    attributions: Attributions, pictures: Images, classes: Sequence[int], more: Images, count: int
) -> tuple[dict[str, _Maps], dict[str, str]]:
    """Return the maps of the randomised networks by what was randomised, or why there are none."""
    network, made, reasons = attributions.network, {}, {}
    with random_weights(network):
        made["weights"] = _maps(attributions, pictures, classes, rough=True)
        if not is_cheap(network, more):
            reasons["labels"] = "a second training of this network takes too long"
            return made, reasons
        share = learn_random_labels(network, attributions.prepare, more, count)
        if share >= LEARNT:
            made["labels"] = _maps(attributions, pictures, classes, rough=True)
        else:
            reasons["labels"] = f"a second network learnt only {share:.0%} of them by heart"
    return made, reasons


def _judge_cam(found: _Maps, random: dict[str, _Maps], reasons: dict[str, str]) -> Method:
    if found.cam is None:
        return Method(CAM, problem="the network has no map of features that can be reached")
    if not np.isfinite(found.cam).all():
        return Method(CAM, problem="its maps are no numbers")
    if not np.ptp(found.cam, axis=(1, 2)).any():
        return Method(CAM, problem="its maps are flat")
    checks = [
        _check(what, found.cam, random[what].cam if what in random else None, reasons, None)
        for what in ("weights", "labels")
    ]
    return Method(CAM, tuple(checks))


def _judge_gradients(
    found: _Maps, random: dict[str, _Maps], reasons: dict[str, str], told: npt.NDArray[np.bool_]
) -> Method:
    if not np.isfinite(found.gradients).all() or not np.isfinite(found.errors).all():
        return Method(GRADIENTS, problem="its maps are no numbers")
    if not np.ptp(found.gradients, axis=(1, 2)).any():
        return Method(GRADIENTS, problem="its maps are flat")
    checks = [
        _check(
            what, found.gradients, random[what].gradients if what in random else None, reasons, told
        )
        for what in ("weights", "labels")
    ]
    return Method(GRADIENTS, tuple(checks), round(float(np.median(found.errors)), 6))


def _check(
    what: str,
    maps: Maps,
    other: Maps | None,
    reasons: dict[str, str],
    told: npt.NDArray[np.bool_] | None,
) -> Check:
    """Compare the maps of the first records with those of a randomised network."""
    if other is None:
        return Check(what, reason=reasons.get(what, "the randomised network has no such maps"))
    shown = [i for i, one in enumerate(np.nan_to_num(other)) if np.ptp(one)]
    if not shown:  # a map without anything in it would pass for one that changed
        return Check(what, reason="the randomised network's maps are empty")
    found = [
        rank_correlation(maps[i], np.nan_to_num(other[i]), None if told is None else told[i])
        for i in shown
    ]
    known = [value for value in found if np.isfinite(value)]
    if not known:
        return Check(what, reason="the maps of the first records are flat")
    return Check(what, len(known), round(float(np.mean(known)), 6))


def _told(pictures: Images, baseline: Sequence[float]) -> npt.NDArray[np.bool_]:
    """Return which places differ from the baseline: elsewhere any network's map is 0."""
    told: npt.NDArray[np.bool_] = (pictures != np.asarray(baseline, np.float32)).any(axis=-1)
    return told


def _kept(found: _Maps, random: dict[str, _Maps]) -> dict[str, Maps]:
    kept = {"gradients": found.gradients[:CHECKED]}
    kept |= {f"gradients_{what}": maps.gradients for what, maps in random.items()}
    if found.cam is not None:
        kept["cam"] = found.cam[:CHECKED]
        kept |= {f"cam_{w}": maps.cam for w, maps in random.items() if maps.cam is not None}
    return kept


def _answers(
    classifier: Any, split: DatasetSplit
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32], Images]:
    """Return probabilities and classes of the first records of a split, and the first pictures."""
    answers, classes, first, rows = [], [], None, 0
    for inputs, indices in split.groups():
        answers += [
            np.asarray(classifier(inputs[start : start + _BATCH], training=False))
            for start in range(0, len(inputs), _BATCH)
        ]
        classes.append(indices)
        first = inputs[:_LABELLED] if first is None else first
        rows += len(indices)
        if rows >= _ROWS:
            break
    pictures = np.zeros((0,), np.uint8) if first is None else first
    return np.concatenate(answers), np.concatenate(classes), pictures
