"""`Series`: the slices of one series in their order, and what is odd about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from millrace.data.dicom.scan import Scan

_TILTED = 0.5  # degrees
_GAP = 1.5  # of the usual distance between slices
_SAME = 1e-3  # mm

PATIENTS = "one study is of several patients"
MIXED = "one series is of several patients"
MODALITIES = "one series has images of several modalities"

File = TypeVar("File")


@dataclass(frozen=True)
class Member(Generic[File]):
    """A slice's file and what it is."""

    file: File
    scan: Scan


@dataclass(frozen=True)
class Series(Generic[File]):
    """The files of a series, sorted by place, else by number.

    Attributes:
        name: pseudonym. members: the files.
        refused: why no record of it may be used; None where nothing is wrong.
    """

    name: str
    members: Sequence[Member[File]]
    refused: str | None

    @property
    def records(self) -> int:
        """Number of slices."""
        return sum(member.scan.frames for member in self.members)

    @cached_property
    def places(self) -> list[float]:
        """Where the slices are, mm, ascending; without those that do not tell."""
        return sorted(m.scan.place for m in self.members if m.scan.place is not None)

    @property
    def repeated(self) -> int:
        """Number of slices that lie where another one does."""
        return sum(b - a < _SAME for a, b in self._neighbours())

    @property
    def gaps(self) -> int:
        """Number of places where a slice seems to be missing.

        The distance is compared with that of the slices before and behind, since a series may
        change its spacing.
        """
        steps = [b - a for a, b in self._neighbours() if b - a >= _SAME]
        return sum(
            steps[n] > _GAP * max(steps[n - 1], steps[n + 1]) for n in range(1, len(steps) - 1)
        )

    @property
    def tilt(self) -> float | None:
        """Tilt of the gantry, degrees; None where it is none."""
        tilts = {m.scan.tilt for m in self.members if m.scan.tilt is not None}
        most = max(tilts, key=abs, default=0.0)
        return most if abs(most) >= _TILTED else None

    def _neighbours(self) -> Iterable[tuple[float, float]]:
        return zip(self.places, self.places[1:], strict=False)


def series_of(members: Iterable[Member[File]]) -> list[Series[File]]:
    """Return all series, sorted by their pseudonyms."""
    groups: defaultdict[str, list[Member[File]]] = defaultdict(list)
    patients: defaultdict[str, set[str]] = defaultdict(set)
    for member in members:
        groups[member.scan.series].append(member)
        patients[member.scan.study].add(member.scan.patient)
    return [
        Series(name, sorted(found, key=_order), _refused(found, patients))
        for name, found in sorted(groups.items())
    ]


def _refused(members: Sequence[Member[File]], patients: Mapping[str, set[str]]) -> str | None:
    if any(len(patients[member.scan.study]) > 1 for member in members):
        return PATIENTS
    if len({member.scan.patient for member in members}) > 1:
        return MIXED
    if len({member.scan.modality for member in members}) > 1:
        return MODALITIES
    return None


def _order(member: Member[File]) -> tuple[bool, float, float, str]:
    scan = member.scan
    number = float("inf") if scan.number is None else float(scan.number)
    return scan.place is None, scan.place or 0.0, number, scan.instance
