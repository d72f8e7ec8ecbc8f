"""Every model that a spec can name, of any modality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.workflow.ct_models import CtResnetModel
from millrace.workflow.learning import CnnModel, CustomModel, MlpModel, Model
from millrace.workflow.table_models import CustomTableModel, TableMlpModel
from millrace.workflow.text_models import (
    CustomTextModel,
    TextCnnModel,
    TextMlpModel,
    TextRnnModel,
)

MODELS: Mapping[str, type[Model]] = {
    "mlp": MlpModel,
    "cnn": CnnModel,
    "ct_resnet": CtResnetModel,
    "text_cnn": TextCnnModel,
    "text_rnn": TextRnnModel,
    "text_mlp": TextMlpModel,
    "table_mlp": TableMlpModel,
}

_OWN: Mapping[str, type[Model]] = {"tokens": CustomTextModel, "features": CustomTableModel}
"""Models of a user's own, by the field that only they have."""


def model_of(document: Mapping[str, Any]) -> Model:
    """Return the model that a document describes; any other kind is a user's own."""
    own = next((kind for field, kind in _OWN.items() if field in document), CustomModel)
    return MODELS.get(document["kind"], own).model_validate(document)
