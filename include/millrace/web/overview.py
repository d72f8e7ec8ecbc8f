"""`overview`: the workflows that have runs, each with its champion and its newest runs."""

from __future__ import annotations

from dataclasses import dataclass

from millrace.catalog.records import ModelVersion, Promotion, RunRecord
from millrace.web.library import Library
from millrace.workflow.figures import SHOWN

_RUNS = 10
_LOOKED_AT = 200  # newest runs of a workflow among which those of readable DAGs are shown


@dataclass(frozen=True)
class WorkflowView:
    """A workflow.

    Attributes:
        champion, promotion: the version that predictions use now, and what made it champion.
        figures: names of those that are shown of the champion. runs: newest first.
    """

    name: str
    champion: ModelVersion | None
    figures: tuple[str, ...]
    promotion: Promotion | None
    champion_run: RunRecord | None
    runs: tuple[RunRecord, ...]


def overview(library: Library) -> list[WorkflowView]:
    """Return the workflows of which the user may read a run, by name."""
    found = []
    for name in library.catalog.runs.workflows():
        runs = library.latest(name, _LOOKED_AT)
        if runs:
            found.append(_workflow(library, name, runs))
    return found


def _workflow(library: Library, name: str, runs: list[RunRecord]) -> WorkflowView:
    models = library.catalog.models
    crowned = [one for one in models.promotions(name) if one.term is not None]
    champion = models.champion(name)
    return WorkflowView(
        name=name,
        champion=champion,
        figures=_figures(champion),
        promotion=crowned[-1] if crowned else None,
        champion_run=None if champion is None else library.run_of(champion.run),
        runs=tuple(runs[:_RUNS]),
    )


def _figures(champion: ModelVersion | None) -> tuple[str, ...]:
    known = () if champion is None else champion.metrics
    return tuple(name for name in SHOWN if name in known) or ("accuracy",)
