"""`Target`: what is learnt of a record and answered for one; nothing else of learning knows it.

What needs a deep-learning framework of it is its objective (`millrace.learning.training`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy.typing as npt
import pyarrow as pa

from millrace.artifacts.artifact import Artifact
from millrace.learning.decision import Rule
from millrace.workflow.learning import Training

if TYPE_CHECKING:
    from millrace.learning.dataset import DatasetSplit
    from millrace.learning.evaluation.figures import Figures

Values = npt.NDArray[Any]
"""What is learnt of some records, (rows,): classes int32, or standardised numbers float32."""

Answers = npt.NDArray[Any]
"""What a model says of some records, (rows, *shape)."""

Params = Mapping[str, Any]


class Scorer(Protocol):
    """Adds up the scores of answers on one side of a dataset."""

    def add(self, answers: Answers, values: Values) -> None:
        """Take in some records."""

    def scores(self) -> tuple[float, float]:
        """Return the mean loss, and the target's score; NaN where an answer was none."""


class Summary(Protocol):
    """Adds up predictions."""

    def add(self, predictions: pa.Table) -> None:
        """Take in some predictions."""

    def facts(self) -> dict[str, Any]:
        """Return what was predicted, as JSON values."""


class Target(Protocol):
    """What is learnt.

    Attributes:
        kind: its name. format: of bundles that answer so.
        output: name of the graph's output. answer_type: its type, as NumPy names it.
        expected: answers of a graph, in words. asked: what the gate asks of them.
        score: name of the second figure of an epoch, beside the loss.
        value_type: of what is learnt, as NumPy names it.
        tie: the figure that tells equal models apart. default_figure: by which models are compared
            where nothing else is asked for.
    """

    kind: ClassVar[str]
    format: ClassVar[int]
    output: ClassVar[str]
    answer_type: ClassVar[str]
    expected: ClassVar[str]
    asked: ClassVar[str]
    score: ClassVar[str]
    tie: ClassVar[str]
    value_type: ClassVar[str]
    default_figure: ClassVar[str]

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes; none where it is a number."""

    @property
    def rule(self) -> Rule | None:
        """What decides between two classes, where there is something to decide."""

    @property
    def units(self) -> int:
        """Numbers that a network gives for a record."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one answer."""

    @classmethod
    def learn(cls, dataset: Artifact, params: Params) -> Target:
        """Return the target of a dataset; what it learns, it learns on the training split.

        Args:
            params: of the stage, of which ``target`` is what the spec says of it.
        """

    @classmethod
    def of(cls, document: Params, where: str) -> Target:
        """Return the target of a ``bundle.json``; raise `DataError` where that is incomplete."""

    @staticmethod
    def training(train: Params) -> Training:
        """Return what a spec says of training."""

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON values of ``bundle.json``."""

    def values(self, column: pa.ChunkedArray, where: str) -> Values:
        """Return what is learnt of labels; raise `DataError` for one that it is not."""

    def check(self, values: Values, where: str) -> None:
        """Raise `DataError` where nothing can be learnt from some training records' values."""

    def statistics(self, values: Values) -> dict[str, Any]:
        """Return what a bundle's reference says of the values of its training records."""

    def counted(self, split: DatasetSplit) -> dict[str, Any]:
        """Return the same of a whole side."""

    def scorer(self, params: Training) -> Scorer:
        """Return what adds up the validation of an epoch."""

    def difference(self, answers: Answers, others: Answers) -> float:
        """Return the largest difference of answers that should be equal, of 1."""

    def sound(self, answers: Answers) -> tuple[bool, str]:
        """Return whether answers are what they should be, and what they are in words."""

    def other_than(self, other: Target) -> str | None:
        """Say why the answers of a champion with the target `other` cannot be compared, or None."""

    def schema(self) -> pa.Schema:
        """Return the schema of predictions."""

    def table(self, records: pa.Table, answers: Answers) -> pa.Table:
        """Return the predictions of records."""

    def figures(self, labels: Sequence[str] | None = None) -> Figures:
        """Return what judges predictions by this target.

        Args:
            labels: the classes in the order of the predictions, where that is another one.
        """

    def summary(self) -> Summary:
        """Return what adds up predictions for the facts of a batch."""


def target_type(document: Params) -> type[Target]:
    """Return the kind of target that parameters, a dataset's facts or a bundle have."""
    from millrace.learning.target_classes import ClassTarget
    from millrace.learning.target_quantity import QuantityTarget

    return QuantityTarget if "target" in document else ClassTarget
