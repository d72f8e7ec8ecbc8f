"""What a spec says of further models, of which the best on validation goes to the gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.workflow.base import Value
from millrace.workflow.learning import Model, Training


class Candidate(Value):
    """A network that competes with the workflow's own.

    Attributes:
        model: the network.
        train, augment: what differs from the workflow's own; in the frozen spec all of it.
    """

    model: Model
    train: Training = Training()
    augment: Value


def completed(document: Any) -> Any:
    """Return a workflow's document with the candidates' `train` and `augment` in full.

    What is not the shape of a workflow stays as it is, for pydantic to refuse.
    """
    candidates = document.get("candidates") if isinstance(document, Mapping) else None
    if not isinstance(candidates, Mapping):
        return document
    return {**document, "candidates": {n: _full(document, c) for n, c in candidates.items()}}


def _full(document: Mapping[str, Any], candidate: Any) -> Any:
    if not isinstance(candidate, Mapping):
        return candidate
    made = dict(candidate)
    for name in ("train", "augment"):
        common, own = document.get(name, {}), candidate.get(name, {})
        if isinstance(common, Mapping) and isinstance(own, Mapping):
            made[name] = {**common, **own}
    return made
