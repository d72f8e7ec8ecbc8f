"""`Survey`: what looking at data asks of one modality. What all share is counted by `measure`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol

import pyarrow as pa

from millrace.data.survey.measure import Counted
from millrace.workflow.proposing.seen import Seen
from millrace.workflow.registry import implementation, load


class Survey(Protocol):
    """Grows by partitions; `seen` says what came together.

    Attributes:
        keeps_equal: whether equal records with different labels are kept by default.
        columns: of clean records, that it looks at.
    """

    keeps_equal: ClassVar[bool]
    columns: ClassVar[tuple[str, ...]]

    def before(self, raw: Iterable[pa.Table]) -> None:
        """Look at all records that were collected, before any is cleaned."""

    def trial(self) -> dict[str, Any]:
        """Return the sections of a workflow that cleans what was collected."""

    def add(self, cleaned: pa.Table) -> None:
        """Look at cleaned records."""

    def seen(self, counted: Counted) -> Seen:
        """Return what was seen."""

    def quick(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return a spec's document that only splits, and does so quickly."""


def open_survey(modality: str) -> Survey:
    """Return the survey of the modality of that name."""
    made: Survey = load(implementation("survey", modality))()
    return made
