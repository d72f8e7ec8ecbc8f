"""What a spec says of how a model is evaluated beside the ordinary split."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from millrace.workflow.base import Value


class Evaluation(Value):
    """Cross-validation, for data so small that one test split says little.

    Attributes:
        folds: parts of all records, each of which is predicted by a network that was trained on
            the others; `model` and `train` as they are, without `candidates`. Groups (patients,
            families of near duplicates) are whole in a fold, and classes evenly spread. Null: none.
    """

    folds: Annotated[int, Field(ge=3, le=20)] | None = None
