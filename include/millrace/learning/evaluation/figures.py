"""`Figures`: what judges the predictions of a target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

Interval = tuple[float, float]


class Figures(Protocol):
    """Figures of outcomes: of what a model said of labelled records, in their order."""

    def outcomes(self, predictions: Iterable[pa.Table], where: str) -> Any:
        """Reduce Predictions tables of labelled records to outcomes, which have a length.

        Raises:
            DataError: there is no record, or a label is none of the target's.
        """

    def overall(self, outcomes: Any) -> dict[str, float]:
        """Return the figures by name."""

    def intervals(self, outcomes: Any, replicates: int, seed: int) -> dict[str, Interval]:
        """Return the 95 % interval of every figure."""

    def difference(
        self, challenger: Any, champion: Any, replicates: int, seed: int, by: str
    ) -> Interval:
        """Return the 95 % interval of the challenger's figure less the champion's, by record."""

    def slices(self, outcomes: Any, replicates: int, seed: int) -> dict[str, dict[str, Any]]:
        """Return rows and figures by source; the one that all slices have with its interval."""

    def facts(self, outcomes: Any) -> dict[str, Any]:
        """Return what else the facts of an evaluation say."""

    def details(self, outcomes: Any) -> dict[str, Any]:
        """Return what only the report says."""

    def plots(self, folder: Path, outcomes: Any, history: Sequence[Mapping[str, float]]) -> None:
        """Write the plots of an evaluation into an existing folder.

        Args:
            history: the figures of each epoch; may be empty.
        """
