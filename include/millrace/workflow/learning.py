"""What a spec says of the split, the model, training, the baseline and the gate."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from millrace.workflow.approval import Approval
from millrace.workflow.base import CUSTOM, IMPLEMENTATION, Fraction, Value, tag_by_kind
from millrace.workflow.fold_limits import FoldLimits

Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Split(Value):
    """Which share of the records is held back, by a stable hash of each record's group.

    Attributes:
        validation: share for choosing the epoch. test: share for the final figures; sources with
            a `split` of their own do not take part.
        group: ``content`` (equal pictures stay together) or ``record``; a source may give its own
            groups (patients, senders), which win.
        seed: changes which groups fall where.
    """

    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1
    test: Annotated[float, Field(ge=0, lt=1)] = 0.2
    group: Literal["content", "record"] = "content"
    seed: Seed = 7

    @model_validator(mode="after")
    def _leaves_some_for_training(self) -> Split:
        if self.validation + self.test >= 1:
            raise ValueError("validation + test must leave some records for training (< 1)")
        return self


class Model(Value):
    """A network. `kind` names what builds it.

    Attributes:
        outside: fields that are no arguments of the network's function.
    """

    outside: ClassVar[frozenset[str]] = frozenset({"kind"})
    kind: str

    @property
    def name(self) -> str:
        """Its kind; the function's name where that is a user's own."""
        return self.kind.rpartition(":")[2]


class MlpModel(Model):
    """A feed-forward network.

    Attributes:
        hidden: units of each hidden layer. dropout: share of units dropped in training.
    """

    kind: Literal["mlp"]
    hidden: tuple[Annotated[int, Field(ge=1, le=65536)], ...] = Field((256, 128), strict=False)
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2


class CnnModel(Model):
    """A small convolutional network that halves the resolution by strided convolutions.

    Attributes:
        width: channels of the first stage; doubled at every further stage.
        stages: how often the resolution is halved.
        residual: residual blocks (He et al. 2016), for colour or harder pictures.
        blocks: blocks a stage, of a residual network.
        dropout: share of features dropped before the last layer, in training.
        mirror_average: predictions are averaged over the picture and its mirror image.
    """

    outside: ClassVar[frozenset[str]] = Model.outside | {"mirror_average"}
    kind: Literal["cnn"]
    width: Annotated[int, Field(ge=1, le=1024)] = 32
    stages: Annotated[int, Field(ge=1, le=6)] = 3
    residual: bool = False
    blocks: Annotated[int, Field(ge=1, le=16)] = 1
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    mirror_average: bool = False


class CustomModel(Model):
    """A user's own Keras model, ``kind: package.module:function``.

    The function is called as ``function(input_shape, classes, **options)`` and returns a
    `keras.Model` from normalised pictures ``(batch, height, width, channels)`` to logits
    ``(batch, classes)``.
    """

    kind: str = Field(pattern=IMPLEMENTATION)
    options: dict[str, Any] = {}


AnyModel = Annotated[
    Annotated[MlpModel, Tag("mlp")]
    | Annotated[CnnModel, Tag("cnn")]
    | Annotated[CustomModel, Tag(CUSTOM)],
    Discriminator(tag_by_kind),
]
"""One of the models of pictures; `kind` tells which."""


class Training(Value):
    """How the network is fitted.

    Attributes:
        epochs: passes over the training split, at most. batch_size: records a step.
        optimizer, learning_rate, momentum (sgd, rmsprop), weight_decay (decoupled): as in Keras;
            `learning_rate` is the peak of the schedule.
        schedule: of the learning rate over all steps: constant, cosine to 0, exponential to 1 %.
        warmup: share of all steps in which the rate rises linearly from 0.
        label_smoothing: share of the target spread over all classes.
        class_weights: ``balanced`` weighs each class by the inverse of its frequency.
        early_stopping: epochs without a better validation loss before training stops; 0 is never.
            The best epoch's weights are kept whenever this is above 0.
        average_weights: decay per step of an exponential moving average of the weights that
            replaces them at the end; 0 is off.
        calibrate: ``temperature`` scales the logits by one number, found on the validation split,
            so that probabilities are as often right as they say.
        precision: of the arithmetic; weights stay float32. ``auto`` is bfloat16 where GPUs are
            asked for, whichever they are, and elsewhere where the processor of the machine that
            launches the training computes in it. ``float16`` scales the loss, for GPUs without
            bfloat16 (before NVIDIA's Ampere).
        explain: what made single answers to validation records is written into the bundle, for
            its report; takes seconds, and longer for large pictures.
        xla: compile the step by XLA: faster on most GPUs, slower on processors.
        seed: of the weights, the order of records and the augmentation.
    """

    epochs: Annotated[int, Field(ge=1, le=10_000)] = 10
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 128
    optimizer: Literal["adam", "adamw", "sgd", "adagrad", "rmsprop"] = "adam"
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 0.001
    schedule: Literal["constant", "cosine", "exponential"] = "cosine"
    warmup: Fraction = 0.0
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    class_weights: Literal["none", "balanced"] = "none"
    early_stopping: Annotated[int, Field(ge=0)] = 0
    average_weights: Annotated[float, Field(ge=0, lt=1)] = 0.0
    calibrate: Literal["none", "temperature"] = "none"
    precision: Literal["float32", "bfloat16", "float16", "auto"] = "float32"
    explain: bool = True
    xla: bool = False
    seed: Seed = 7


class AnyBaseline(Value):
    """The scikit-learn model that every network is compared with.

    Attributes:
        exported: kinds that can be written as a bundle.
        kind: of the model. rows: records of the training split it is fitted on, at most.
        candidate: it takes part in the choice of the model that goes to the gate.
    """

    exported: ClassVar[frozenset[str]] = frozenset()
    kind: str
    rows: int
    candidate: bool = False

    @model_validator(mode="after")
    def _can_be_a_candidate(self) -> Self:
        if self.candidate and self.kind not in self.exported:
            raise ValueError(
                "candidate: false, since only baselines of texts and of tables can be written as "
                "a bundle"
            )
        return self


class Baseline(AnyBaseline):
    """The scikit-learn model of pictures.

    Attributes:
        kind: ``logistic`` regression, ``svm`` (RBF kernel) or ``gradient_boosting`` on pixels.
        rows: records of the training split it is fitted on, at most.
    """

    kind: Literal["logistic", "svm", "gradient_boosting"] = "svm"
    rows: Annotated[int, Field(ge=10, le=1_000_000)] = 5_000


OF_A_CLASS = ("f1", "average_precision")
"""Figures of the gate that only a positive class has."""


class AnyGate(Value):
    """What a challenger must reach to become champion, whatever it answers.

    Attributes:
        by: the figure by which it is compared with the champion and the baseline.
        slice_drop: how much worse than the champion it may be on any slice.
        overall_drop: how much worse than the champion it may be overall.
        beat_baseline: it must be at least as good as the scikit-learn baseline.
        latency_ms: the bundle's answer to one record takes at most this, milliseconds (median).
        approval: ``required``, or whom to ask and how long: a person must agree, too.
    """

    by: str
    slice_drop: Fraction = 0.02
    overall_drop: Fraction = 0.0
    beat_baseline: bool = False
    latency_ms: Annotated[float, Field(gt=0)] = 1_000.0
    approval: Literal["required"] | Approval | None = None

    @property
    def asks_for_goal(self) -> bool:
        """Whether the goal of a decision must have been reached."""
        return False

    @property
    def asks(self) -> Approval | None:
        """Whom to ask before a challenger becomes champion; None: nobody."""
        return Approval() if self.approval == "required" else self.approval

    def checks(self) -> dict[str, Any]:
        """Return what the gate itself decides by, as JSON values."""
        return self.model_dump(mode="json", exclude={"approval"})


class Gate(AnyGate):
    """What a challenger must reach to become champion.

    Attributes:
        accuracy, balanced_accuracy, macro_f1, matthews: at least, on the test split; the last is
            the correlation of labels and predictions, -1 to 1.
        f1, average_precision: at least, of the positive class that `decision` names.
        log_loss, calibration_error: at most.
        by: the figure by which it is compared with the champion and the baseline.
        slice_drop: as of `AnyGate`, by accuracy where a slice has too few records of a class for
            the figure to mean anything.
        goal: the decision's goal, if it has one, must have been reached on the validation split.
        folds: what the cross-validation must reach, which `evaluation.folds` asks for.
        leakage: ``refuse`` where the data hides leakage (a class of one patient, source or scanner;
            near duplicates across fixed sides; facts without content that do as well as the
            model; weights to start with that may have seen test records), or ``warn``.
    """

    accuracy: Fraction | None = None
    balanced_accuracy: Fraction | None = None
    macro_f1: Fraction | None = None
    matthews: Annotated[float, Field(ge=-1, le=1)] | None = None
    f1: Fraction | None = None
    average_precision: Fraction | None = None
    log_loss: Annotated[float, Field(ge=0)] | None = None
    calibration_error: Fraction | None = None
    by: Literal[
        "accuracy", "balanced_accuracy", "macro_f1", "matthews", "f1", "average_precision"
    ] = "accuracy"
    goal: bool = True
    folds: FoldLimits | None = None
    leakage: Literal["warn", "refuse"] = "warn"

    @property
    def asks_for_goal(self) -> bool:
        """Whether the goal of a decision must have been reached."""
        return self.goal

    def of_a_positive_class(self) -> list[str]:
        """Return the names of what is asked for that only a positive class has."""
        asked = [name for name in OF_A_CLASS if getattr(self, name) is not None]
        return asked + ([f"by: {self.by}"] if self.by in OF_A_CLASS else [])
