"""What a spec says of how a model is evaluated beside the ordinary split, and explained."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from millrace.workflow.base import Value
from millrace.workflow.learning import Seed


class Evaluation(Value):
    """Cross-validation, for data so small that one test split says little.

    Attributes:
        folds: parts of all records, each of which is predicted by a network that was trained on
            the others; `model` and `train` as they are, without `candidates`. Groups (patients,
            families of near duplicates) are whole in a fold, and classes evenly spread. Null: none.
    """

    folds: Annotated[int, Field(ge=3, le=20)] | None = None


class Explanation(Value):
    """Maps of what spoke for answers to test records: Grad-CAM and integrated gradients.

    Methods that failed a sanity check when the network was trained are left out, with the reason;
    so `train.explain` must be on.

    Attributes:
        errors: mistaken records that are explained, at most, those of most confidence first; how
            many were left out is said.
        sample: rightly answered records that are explained, drawn at random.
        seed: of the draw.
    """

    errors: Annotated[int, Field(ge=1, le=200)] = 48
    sample: Annotated[int, Field(ge=0, le=200)] = 12
    seed: Seed = 7
