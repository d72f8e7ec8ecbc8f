"""`FoldLimits`: what the gate asks of a cross-validation."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from millrace.workflow.base import Fraction, Value


class FoldLimits(Value):
    """What the means over the folds of a cross-validation must reach.

    They judge how models of this workflow do on all records, each answered by one that has not seen
    it, where a test split is too small to; see `Evaluation`.

    Attributes:
        roc_auc, accuracy, balanced_accuracy, macro_f1, matthews: at least.
        log_loss, calibration_error: at most.
        beat_baseline: each of the figures that are named here must be at least as good as the
            baseline's on the same folds.
    """

    roc_auc: Fraction | None = None
    accuracy: Fraction | None = None
    balanced_accuracy: Fraction | None = None
    macro_f1: Fraction | None = None
    matthews: Annotated[float, Field(ge=-1, le=1)] | None = None
    log_loss: Annotated[float, Field(ge=0)] | None = None
    calibration_error: Fraction | None = None
    beat_baseline: bool = False

    @property
    def figures(self) -> dict[str, float]:
        """The limits by figure."""
        return self.model_dump(exclude={"beat_baseline"}, exclude_none=True)

    @model_validator(mode="after")
    def _names_a_figure(self) -> Self:
        if not self.figures:
            raise ValueError("a limit of at least one figure, such as `accuracy: 0.9`")
        return self
