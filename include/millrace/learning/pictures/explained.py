"""`Explanations`: maps of what spoke for answers about pictures, and whether they can be believed.

A bundle holds those of some validation records, with the checks; the stage `explain` makes those of
test records. The pictures are not in them, only which records they are. A method whose maps do not
depend on what the network learnt is not to be shown: `Method.refused` says why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.artifacts.artifact import Artifact

EXPLAINED = "explained.json"
"""Name of the file of explained records."""

FORMAT = 4
"""Of ``explained.json`` of pictures; that of texts is 1."""

CAM, GRADIENTS = "Grad-CAM", "Integrated gradients"
"""The methods' names in words."""

LIKE = 0.5
"""Mean rank correlation from which two networks' maps count as the same."""

ERROR = 0.1
"""Share of the score's change that a map which should add up to it may leave out; of many maps, the
one in the middle."""

Maps = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Check:
    """Whether maps change where what the network learnt is taken from it (Adebayo et al. 2018,
    arXiv:1810.03292).

    Attributes:
        what: was randomised, ``weights`` or ``labels``. pictures: that were compared.
        correlation: mean rank correlation (Spearman) with the network's own maps; None where it
            was not measured. reason: why it was not.
    """

    what: str
    pictures: int = 0
    correlation: float | None = None
    reason: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the maps stayed the same."""
        return self.correlation is not None and self.correlation > LIKE

    def sentence(self) -> str:
        """Return what was found."""
        if self.correlation is None:
            return f"random {self.what}: not checked, {self.reason}"
        says = "the maps stay the same" if self.failed else "the maps change"
        shown = round(self.correlation, 2) + 0.0  # no minus before a zero
        return f"random {self.what}: {says} (rank correlation {shown:.2f})"


@dataclass(frozen=True)
class Method:
    """A way to explain, and whether it can be believed.

    Attributes:
        name: in words. checks: of it. error: median share of the score's change that the maps do
            not account for; None where they need not.
        problem: why there are no maps at all, or None.
    """

    name: str
    checks: tuple[Check, ...] = ()
    error: float | None = None
    problem: str | None = None

    @property
    def refused(self) -> str | None:
        """Why its maps are not shown; None where they are."""
        if self.problem is not None:
            return f"{self.name} is not shown: {self.problem}"
        if self.error is not None and self.error > ERROR:
            return f"{self.name} is not shown: the maps leave out {self.error:.0%} of the score"
        for check in self.checks:
            if check.failed:
                return (
                    f"{self.name} is not shown: with random {check.what} its maps stay the same "
                    f"(rank correlation {check.correlation:.2f})"
                )
        return None

    def sentence(self) -> str:
        """Return what people must know beside its maps, or instead of them."""
        if self.refused is not None:
            return f"{self.refused}."
        parts = ["shown: no check failed", *(check.sentence() for check in self.checks)]
        if self.error is not None:
            parts.append(f"completeness error {self.error:.1%}")
        return f"{self.name} is {'; '.join(parts)}."

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Method:
        """Return what `asdict` made a document of."""
        checks = tuple(Check(**check) for check in document["checks"])
        return cls(**{**document, "checks": checks})


@dataclass(frozen=True)
class Explained:
    """A record.

    Attributes:
        row: of the split. record_id: of the record. label: the true class. predicted: by the model.
        probability: of `predicted`. error: share of its score's change that integrated gradients
            leave out.
    """

    row: int
    record_id: str
    label: str
    predicted: str
    probability: float
    error: float | None = None


@dataclass(frozen=True)
class Explanations:
    """What spoke for a network's answers to pictures.

    Attributes:
        split: of the records. rows: that were looked at. mistakes: among them.
        baseline: the grey level of each channel that says nothing, 0 to 255.
        cam, gradients: the methods. records: that are explained, or compared with randomised
            networks, mistakes first.
        maps: by name, ``(records, height, width)``: ``cam`` 0 to 1; ``gradients`` whose sum is the
            score's change, in nats. Of a bundle those of all methods, and ``<name>_<what>`` of the
            randomised networks; of test records those of the methods that are shown.
    """

    split: str
    rows: int
    mistakes: int
    baseline: Sequence[float]
    cam: Method
    gradients: Method
    records: Sequence[Explained]
    maps: Mapping[str, Maps] = field(default_factory=dict)

    @property
    def shown(self) -> dict[str, Method]:
        """The methods that are not refused, by the name of their maps."""
        methods = {"cam": self.cam, "gradients": self.gradients}
        return {name: method for name, method in methods.items() if method.refused is None}

    def believed(self, name: str, index: int) -> bool:
        """Whether a record's map of a method that is shown is to be shown, too."""
        error = self.records[index].error
        adds_up = name != "gradients" or (error is not None and error <= ERROR)
        return adds_up and bool(np.isfinite(self.maps[name][index]).all())

    def without(self, problem: str) -> Explanations:
        """Refuse the methods that are not refused yet, too."""
        cam, gradients = (
            replace(method, problem=problem) if method.refused is None else method
            for method in (self.cam, self.gradients)
        )
        return replace(self, cam=cam, gradients=gradients)

    def withheld(self) -> list[str]:
        """Return how many maps of methods that are shown are not: a sentence each."""
        places = range(len(self.records))
        counts = {
            method.name: sum(not self.believed(name, index) for index in places)
            for name, method in self.shown.items()
        }
        return [
            f"{name}: {count:,} of {len(self.records):,} maps are not drawn, since they are no "
            f"numbers or leave out more than {ERROR:.0%} of the score."
            for name, count in counts.items()
            if count
        ]

    def sentences(self) -> list[str]:
        """Return what people must know of them."""
        return [self.cam.sentence(), self.gradients.sentence()]

    def write(self, folder: Path) -> None:
        """Write ``explained.json`` and a file of each map; equal explanations give equal bytes."""
        document = {
            "format": FORMAT,
            "split": self.split,
            "rows": self.rows,
            "mistakes": self.mistakes,
            "baseline": list(self.baseline),
            "cam": asdict(self.cam),
            "gradients": asdict(self.gradients),
            "records": [asdict(record) for record in self.records],
            "maps": sorted(self.maps),
            "sentences": self.sentences(),
        }
        text = json.dumps(document, indent=1, sort_keys=True, allow_nan=False)
        (folder / EXPLAINED).write_text(text + "\n", encoding="utf-8")
        for name, maps in self.maps.items():
            path = folder / map_file(name)
            path.parent.mkdir(exist_ok=True)
            np.save(path, maps.astype(np.float16), allow_pickle=False)

    @classmethod
    def read(cls, artifact: Artifact) -> Explanations | None:
        """Return those of an artifact; None where it has none that this version can read."""
        if not artifact.has(EXPLAINED):
            return None
        document = json.loads(artifact.path(EXPLAINED).read_bytes())
        if document.get("format") != FORMAT:
            return None
        paths = {name: artifact.path(map_file(name)) for name in document["maps"]}
        return cls(
            split=document["split"],
            rows=document["rows"],
            mistakes=document["mistakes"],
            baseline=document["baseline"],
            cam=Method.from_document(document["cam"]),
            gradients=Method.from_document(document["gradients"]),
            records=[Explained(**record) for record in document["records"]],
            maps={
                name: np.load(path, allow_pickle=False).astype(np.float32)
                for name, path in paths.items()
            },
        )


def map_file(name: str) -> str:
    """Return the name of the file of a map.

    Each is a ``.npy`` file: the bytes of an ``.npz`` archive depend on the patch level of Python.
    """
    return f"maps/{name}.npy"


def rank_correlation(one: Maps, other: Maps, where: npt.NDArray[np.bool_] | None = None) -> float:
    """Return Spearman's rank correlation of two maps of one shape.

    Args:
        where: which places count; all by default.

    Returns:
        A number from -1 to 1; 0 where the other map is flat, NaN where `one` is.
    """
    chosen = np.ones(one.shape, bool) if where is None else where
    left, right = _ranks(one[chosen]), _ranks(other[chosen])
    if not left.size or not left.std():
        return float("nan")
    if not right.std():
        return 0.0
    return float(np.corrcoef(left, right)[0, 1])


def _ranks(values: Maps) -> npt.NDArray[np.float64]:
    """Return the rank of each value; equal ones share the mean of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: npt.NDArray[np.float64] = (last - (counts - 1) / 2)[places.ravel()]
    return ranks
