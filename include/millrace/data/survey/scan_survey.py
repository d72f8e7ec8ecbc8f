"""`ScanSurvey`: sizes, units, series and patients of CT slices, as far as somebody looked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from statistics import median
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from millrace.data.encoding import PixelEncoding
from millrace.data.scans.encoding import HounsfieldEncoding
from millrace.data.scans.slices import is_measured
from millrace.data.survey.measure import Counted
from millrace.data.survey.picture_survey import span
from millrace.workflow.proposing.scan_seen import SeenScans

_SIDE = 64  # pixels of a slice that is only split
_SAME = 1e-3  # mm
_WINDOW = {"name": "brain", "kind": "window", "centre": 40, "width": 80}


class ScanSurvey:
    """See `millrace.data.survey.survey.Survey`."""

    keeps_equal: ClassVar[bool] = False
    columns: ClassVar[tuple[str, ...]] = ("encoding", "group", "label", "origin")

    def __init__(self) -> None:
        self._heights: list[int] = []
        self._widths: list[int] = []
        self._pixels: Counter[float | None] = Counter()
        self._places: defaultdict[str, list[float]] = defaultdict(list)
        self._patients: defaultdict[str, set[str | None]] = defaultdict(set)

    def before(self, raw: Iterable[pa.Table]) -> None:
        """Go through what was collected, which is counted on the way; cleaning says the rest."""
        for _ in raw:
            pass

    def trial(self) -> dict[str, Any]:
        """Return a workflow that refuses what is refused by default."""
        return {
            "task": "ct_classification",
            "transform": {"size": [_SIDE, _SIDE], "channels": [_WINDOW]},
            "model": {"kind": "mlp"},
        }

    def add(self, cleaned: pa.Table) -> None:
        """Look at how slices are stored, and whose they are."""
        for row in cleaned.select([*self.columns]).to_pylist():
            if row["label"] is not None:
                self._patients[row["label"]].add(row["group"])
            if not is_measured(row["encoding"]):
                pixels = PixelEncoding.parse(row["encoding"])
                self._heights.append(pixels.height)
                self._widths.append(pixels.width)
                continue
            known = HounsfieldEncoding.parse(row["encoding"])
            self._heights.append(known.height)
            self._widths.append(known.width)
            self._pixels[known.spacing[0]] += 1
            if known.place is not None:
                self._places[row["origin"].partition("/")[0]].append(known.place)

    def seen(self, counted: Counted) -> SeenScans:
        """Return what was seen."""
        known = {label: groups for label, groups in self._patients.items() if None not in groups}
        told = len(known) == len(self._patients)
        sides = [side for side in self._pixels.elements() if side is not None]
        return SeenScans(
            **{**asdict(counted), "sources": counted.sources},
            heights=span(np.array(self._heights or [1])),
            widths=span(np.array(self._widths or [1])),
            measured=sum(self._pixels.values()),
            pixel=None if None in self._pixels or not sides else float(median(sides)),
            step=self._step(),
            series=len(self._places),
            patients={n: len(groups) for n, groups in sorted(known.items())} if told else {},
            identified=any(source["kind"] == "dicom" for source in counted.sources),
        )

    def quick(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the document with one small channel."""
        small = {"size": [_SIDE, _SIDE], "channels": [_WINDOW], "head": "keep", "spacing": None}
        return {**document, "transform": {**document["transform"], **small}}

    def _step(self) -> float | None:
        """Return the middle distance of slices, millimetres."""
        steps = [np.diff(np.unique(np.round(places, 3))) for places in self._places.values()]
        apart = np.concatenate(steps) if steps else np.zeros(0)
        apart = apart[apart > _SAME]
        return round(float(np.median(apart)), 2) if len(apart) else None
