"""`TextWorkflow`: a workflow over texts."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from millrace.workflow.base import Name
from millrace.workflow.candidates import Candidate
from millrace.workflow.class_workflow import ClassWorkflow
from millrace.workflow.text_models import AnyTextModel, TextBaseline
from millrace.workflow.texts import TextAugmentation, TextCleaning, TextTransform


class TextCandidate(Candidate):
    """A further network of texts."""

    model: AnyTextModel
    augment: TextAugmentation = TextAugmentation()


class TextWorkflow(ClassWorkflow):
    """Which of some classes a text belongs to. See `include/workflows/sms_spam.yaml`."""

    modality: ClassVar[str] = "text"
    task: Literal["text_classification"]
    clean: TextCleaning = TextCleaning()
    transform: TextTransform = TextTransform()
    model: AnyTextModel
    augment: TextAugmentation = TextAugmentation()
    candidates: dict[Name, TextCandidate] = {}
    baseline: TextBaseline = TextBaseline()

    def learnt(self) -> dict[str, Any]:
        """Return the headers of e-mails that become text."""
        return {"headers": list(self.clean.headers)}
