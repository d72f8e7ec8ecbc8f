"""`Card`: what only people can say of a workflow's model and data; the rest a run finds out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from millrace.workflow.base import Value

if TYPE_CHECKING:
    from millrace.workflow.spec import WorkflowSpec

Sentence = Annotated[str, Field(min_length=1, max_length=2_000)]


class Card(Value):
    """What the cards of a run say on behalf of people.

    Attributes:
        intended_use: what the model is for, and by whom it is used.
        limits: what it must not be used for, and where it is known to be wrong.
        contact: who answers questions.
    """

    intended_use: str = Field("", max_length=2_000)
    limits: tuple[Sentence, ...] = Field((), max_length=50, strict=False)
    contact: str = Field("", max_length=500)


def card_facts(spec: WorkflowSpec) -> dict[str, Any]:
    """Return what a spec says for the cards, as JSON values; of sources, not where they lie."""
    return {
        "name": spec.name,
        "description": spec.description,
        "task": spec.task,
        "modality": spec.modality,
        "model": ", ".join((*spec.networks, *spec.classical)),
        "sources": [{"name": s.name, "kind": s.kind, "split": s.split} for s in spec.sources],
        "split": spec.split.model_dump(mode="json"),
        "card": spec.card.model_dump(mode="json"),
    }
