"""Every model that a spec can name, of any modality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.workflow.learning import CnnModel, CustomModel, MlpModel, Model

MODELS: Mapping[str, type[Model]] = {"mlp": MlpModel, "cnn": CnnModel}


def model_of(document: Mapping[str, Any]) -> Model:
    """Return the model that a document describes; any other kind is a user's own."""
    return MODELS.get(document["kind"], CustomModel).model_validate(document)
