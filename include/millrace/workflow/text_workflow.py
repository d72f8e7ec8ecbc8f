"""`TextWorkflow`: a workflow over texts."""

from __future__ import annotations

from typing import ClassVar, Literal

from millrace.workflow.spec import WorkflowSpec
from millrace.workflow.text_models import AnyTextModel, TextBaseline
from millrace.workflow.texts import TextAugmentation, TextCleaning, TextTransform


class TextWorkflow(WorkflowSpec):
    """Which of some classes a text belongs to. See `include/workflows/sms_spam.yaml`."""

    modality: ClassVar[str] = "text"
    task: Literal["text_classification"]
    clean: TextCleaning = TextCleaning()
    transform: TextTransform = TextTransform()
    model: AnyTextModel
    augment: TextAugmentation = TextAugmentation()
    baseline: TextBaseline = TextBaseline()
