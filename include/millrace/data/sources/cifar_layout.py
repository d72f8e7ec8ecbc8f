"""`Layout`: how a record of CIFAR-10 or CIFAR-100 is laid out. Opens no file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from millrace.errors import DataError

SIDE = 32
"""Height and width of a picture, in pixels."""

PIXELS = 3 * SIDE * SIDE
"""Bytes of a picture."""


@dataclass(frozen=True)
class Layout:
    """What stands before the pixels of a record.

    Attributes:
        labels: label bytes. at: the one that counts. classes: how many there are.
        names: pattern of the member with the classes' names.
    """

    labels: int
    at: int
    classes: int
    names: str

    @property
    def record(self) -> int:
        """Bytes of a record."""
        return self.labels + PIXELS

    def count(self, length: int, where: str) -> int:
        """Return how many records a file of `length` bytes holds; raise `DataError` for a part."""
        if length % self.record == 0:
            return length // self.record
        other = "CIFAR-100: set `labels`" if self.labels == 1 else "CIFAR-10: leave out `labels`"
        fits = length % (PIXELS + 3 - self.labels) == 0
        raise DataError(
            "a CIFAR file has the wrong length",
            where=where,
            expected=f"a multiple of {self.record} bytes",
            received=f"{length} bytes",
            remedy=f"It may be {other}."
            if fits
            else "Get the file again, and check that it is the binary version.",
        )


CIFAR_10 = Layout(1, 0, 10, "*batches.meta.txt")
CIFAR_100: Mapping[str, Layout] = {
    "coarse": Layout(2, 0, 20, "*coarse_label_names.txt"),
    "fine": Layout(2, 1, 100, "*fine_label_names.txt"),
}
"""By the label that counts."""
