"""`ScanProposer`: a network for CT slices, of a head as far as nobody says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from millrace.workflow.proposing.choices import Choices
from millrace.workflow.proposing.proposer import Plan
from millrace.workflow.proposing.scalars import comment, flow
from millrace.workflow.proposing.scan_seen import SeenScans

_SIDE = 112  # pixels of a canonical slice
_SPACING = 2.0  # millimetres of one: 224 in all, which a head fits in
_STEPS = 3_000  # of training, about
_FOLDS = 5
_APART = 2 * _FOLDS  # patients of a class, at least, that are divided into folds
_FEW = 2_000  # slices, above which one split tells enough
_WINDOWS = (("brain", 40, 80), ("subdural", 80, 200), ("bone", 600, 2800))


class ScanProposer:
    """See `millrace.workflow.proposing.proposer.Proposer`."""

    noun: ClassVar[str] = "slice"
    remedy: ClassVar[str] = (
        "Put a labels.csv beside the slices: a column of what a row is about (file, "
        "SOPInstanceUID, SeriesInstanceUID, StudyInstanceUID or PatientID) and a column label."
    )

    def task(self, seen: SeenScans) -> str:
        """Return the only task."""
        del seen
        return "ct_classification"

    def facts(self, seen: SeenScans) -> Iterator[tuple[str, str]]:
        """Yield sizes, units and how many series and patients there are."""
        yield "Height", f"{seen.heights} pixels"
        yield "Width", f"{seen.widths} pixels"
        yield "Units", _units(seen)
        if seen.series:
            yield "Series", f"{seen.series:,}{_apart(seen)}"
        if seen.patients:
            told = ", ".join(str(count) for count in seen.patients.values())
            yield "Patients", f"{told} (by class, in its order of names)"

    def plan(self, seen: SeenScans, choices: Choices) -> Plan:
        """Return a residual network on windows of the head."""
        return Plan(
            transform=list(_transform(seen)),
            model=list(_model(seen)),
            train={
                "epochs": choices.epochs(_STEPS, 20, 80),
                "optimizer": "adamw",
                "learning_rate": 0.003,
                "weight_decay": 0.02,
                "warmup": 0.1,
                "label_smoothing": 0.05,
                "average_weights": 0.99,
                "calibrate": "temperature",
            },
            notes=list(_notes(seen)),
            privacy=list(_privacy(seen)),
        )


def _units(seen: SeenScans) -> str:
    if not seen.measured:
        return "none: 8 bits, through windows that their writers chose"
    pixel = "unknown" if seen.pixel is None else f"{seen.pixel:.3g} mm"
    return f"Hounsfield units; a pixel is {pixel}"


def _apart(seen: SeenScans) -> str:
    return "" if seen.step is None else f", slices {seen.step:.3g} mm apart"


def _privacy(seen: SeenScans) -> Iterator[str]:
    if not seen.identified:
        return
    yield from comment(
        "DICOM holds names: it is de-identified in memory before anything is stored (PS3.15 Annex "
        "E, basic profile), patients by pseudonyms, each on one side of the split, dates shifted; "
        "originals are not kept. Needs "
        "MILLRACE_PRIVACY_KEY, always the same one. `originals: restricted`, and `encryption: "
        "true` beside this section, need MILLRACE_MASTER_KEY; see docs/privacy.md."
    )
    yield "privacy: {input: identified, originals: discard}"
    yield ""


def _transform(seen: SeenScans) -> Iterator[str]:
    measured = seen.measured > 0
    yield from comment(_told(seen))
    yield "transform:"
    yield f"  size: [{_SIDE}, {_SIDE}]  # pixels"
    if measured and seen.pixel is not None:
        yield f"  spacing: [{_SPACING:g}, {_SPACING:g}]  # millimetres of a pixel, row and column"
    yield "  channels:"
    if measured:
        yield "    # Centre and width of a window are in Hounsfield units."
        for name, centre, width in _WINDOWS:
            yield _channel(name=name, kind="window", centre=centre, width=width)
    else:
        yield _channel(name="brain", kind="window", centre=40, width=80)
    yield _channel(name="mirror", kind="mirror", of="brain")
    if not measured:
        yield _channel(name="contrast", kind="contrast", of="brain")
    if seen.step is not None:
        yield "    # The slices above and below, by their distance in millimetres:"
        for name, sign in (("above", 1), ("below", -1)):
            away = round(sign * seen.step, 1)
            line = _channel(name=name, kind="neighbour", of="brain", distance=away)
            yield line.replace("    - ", "    # - ", 1)


def _told(seen: SeenScans) -> str:
    told = [f"Slices are {seen.heights} pixels high and {seen.widths} wide, {_units(seen)}."]
    told.append("The largest body in a slice is cut out; `head: keep` takes the whole slice.")
    if seen.measured:
        told.append("Windows are for the brain: choose others for other parts of the body.")
    return " ".join(told)


def _channel(**values: object) -> str:
    return f"    - {flow(values)}"


def _model(seen: SeenScans) -> Iterator[str]:
    yield from comment(
        f"About {seen.learnable:,} slices to learn from: a small residual network, and by default "
        "strong augmentation that never turns a slice upside down."
    )
    yield "model: {kind: ct_resnet, width: 16}"
    if _has_folds(seen):
        yield from comment(
            "Every slice is a test slice once, with all of its patient and its near duplicates; "
            "the spread says how far a figure can be trusted."
        )
        yield f"evaluation: {{folds: {_FOLDS}}}"


def _has_folds(seen: SeenScans) -> bool:
    return seen.learnable <= _FEW and min(seen.units.values(), default=0) >= _APART


def _notes(seen: SeenScans) -> Iterator[str]:
    few = [count for count in seen.patients.values() if count < _APART]
    if few:
        yield (
            f"a class has slices of {min(few)} patients only: figures say little of other "
            "patients, since all slices of one are on one side of the split."
        )
    if seen.identified:
        yield "the source is identified; it is de-identified before anything is stored."
    else:
        yield (
            "slices without DICOM headers are taken for `open`: where their pixels or names tell "
            "people, do not use them so."
        )
    yield "not a medical device: a model must be judged by people who know the patients."
