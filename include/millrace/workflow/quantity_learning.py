"""What a spec of a regression says of training, the baseline and the gate."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from millrace.workflow.learning import AnyBaseline, AnyGate, Training

AtLeastZero = Annotated[float, Field(ge=0)]


class QuantityTraining(Training):
    """How the network is fitted.

    Attributes:
        loss: ``huber`` (Huber 1964) is the square of errors of up to one standard deviation of the
            label and their size beyond, so that few far ones do not rule; ``mse`` is the square.
    """

    loss: Literal["huber", "mse"] = "huber"

    @model_validator(mode="after")
    def _has_no_classes(self) -> Self:
        if self.label_smoothing or self.class_weights != "none":
            name = "label_smoothing" if self.label_smoothing else "class_weights"
            raise ValueError(f"no `{name}`: a regression has no classes")
        if self.calibrate != "none":
            raise ValueError("no `calibrate`: a regression has no probabilities")
        return self


class QuantityBaseline(AnyBaseline):
    """The scikit-learn model of numbers and categories that predicts a number.

    Attributes:
        kind: ``gradient_boosting`` of decision trees, or ``ridge``, a linear regression whose
            penalty is chosen on a fifth of those records.
        rows: records of the training split it is fitted on, at most.
        candidate: see `AnyBaseline`.
    """

    exported: ClassVar[frozenset[str]] = frozenset({"gradient_boosting", "ridge"})
    kind: Literal["gradient_boosting", "ridge"] = "gradient_boosting"
    rows: Annotated[int, Field(ge=10, le=1_000_000)] = 100_000


class QuantityGate(AnyGate):
    """What a challenger must reach to become champion.

    Attributes:
        mae, rmse, median_absolute_error: at most, on the test split, in the target's unit.
        r2: at least: 1 is without an error, 0 as good as always the mean.
        by: the figure by which it is compared with the champion and the baseline. Drops in `r2` are
            differences; of the others, shares of the champion's figure.
    """

    r2: Annotated[float, Field(le=1)] | None = None
    mae: AtLeastZero | None = None
    rmse: AtLeastZero | None = None
    median_absolute_error: AtLeastZero | None = None
    by: Literal["rmse", "mae", "median_absolute_error", "r2"] = "rmse"
