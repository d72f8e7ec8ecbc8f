"""`CtWorkflow`: a workflow over CT slices."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from millrace.workflow.base import Name
from millrace.workflow.candidates import Candidate
from millrace.workflow.ct import CtAugmentation, CtCleaning, CtTransform
from millrace.workflow.ct_models import AnyCtModel
from millrace.workflow.evaluation import Explanation
from millrace.workflow.explained_workflow import ExplainedWorkflow
from millrace.workflow.learning import Baseline

_BEFORE_CROPPING = 2
"""The head is a part of the slice: this much more of a picture file is kept than of a picture."""


class CtCandidate(Candidate):
    """A further network of CT slices."""

    model: AnyCtModel
    augment: CtAugmentation = CtAugmentation()


class CtWorkflow(ExplainedWorkflow):
    """Which of some classes a CT slice belongs to. See `include/workflows/head_ct.yaml`.

    Answers to test slices are explained unless `explain` is null.
    """

    modality: ClassVar[str] = "ct"
    task: Literal["ct_classification"]
    clean: CtCleaning = CtCleaning()
    transform: CtTransform
    model: AnyCtModel
    augment: CtAugmentation = CtAugmentation()
    candidates: dict[Name, CtCandidate] = {}
    baseline: Baseline = Baseline()
    explain: Explanation | None = Explanation()

    def cleaning(self) -> dict[str, Any]:
        """Return what decides how a record is cleaned by itself, as JSON values."""
        reduce_to = [_BEFORE_CROPPING * side for side in self.transform.size]
        return {**super().cleaning(), "reduce_to": reduce_to}
