"""`ImageWorkflow`: a workflow over pictures."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from millrace.workflow.base import Name
from millrace.workflow.candidates import Candidate
from millrace.workflow.explained_workflow import ExplainedWorkflow
from millrace.workflow.images import ImageAugmentation, ImageCleaning, ImageTransform
from millrace.workflow.learning import AnyModel, Baseline


class ImageCandidate(Candidate):
    """A further network of pictures."""

    model: AnyModel
    augment: ImageAugmentation = ImageAugmentation()


class ImageWorkflow(ExplainedWorkflow):
    """Which of some classes a picture belongs to. See `include/workflows/digits.yaml`."""

    modality: ClassVar[str] = "image"
    task: Literal["image_classification"]
    clean: ImageCleaning = ImageCleaning()
    transform: ImageTransform
    model: AnyModel
    augment: ImageAugmentation = ImageAugmentation()
    candidates: dict[Name, ImageCandidate] = {}
    baseline: Baseline = Baseline()

    def cleaning(self) -> dict[str, Any]:
        """Return what decides how a record is cleaned by itself, as JSON values."""
        return {**super().cleaning(), "reduce_to": list(self.transform.size)}
