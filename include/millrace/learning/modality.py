"""`LearningModality`: what learning asks of one kind of content; nothing else of it knows any kind.

Evaluation and prediction use the encoder alone, so that side imports no deep-learning framework.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.artifacts.artifact import Artifact
from millrace.learning.decision import Rule
from millrace.learning.target import Answers, Target, Values
from millrace.workflow.learning import Model
from millrace.workflow.registry import implementation, load

if TYPE_CHECKING:
    from millrace.learning.dataset import DatasetSplit
    from millrace.learning.evaluation.examples import Asked

Inputs = npt.NDArray[Any]
"""What a network takes of some records, ``(rows, *shape)``."""

Params = Mapping[str, Any]
Finish = Callable[[Inputs, np.random.Generator], Inputs]
"""Changes the values of training records at random, and makes inputs of them."""


class Encoder(Protocol):
    """From canonical records to the inputs of a network. What it learnt is in its document.

    Attributes:
        columns: of the records, that it reads. name: of the graph's input.
        shape: of one record's input. dtype: of all inputs, as NumPy names it.
    """

    columns: Sequence[str]
    name: str
    shape: tuple[int, ...]
    dtype: str

    def check(self, schema: pa.Schema) -> None:
        """Raise `DataError` where records of these columns are not what it takes."""

    def __call__(self, records: pa.Table) -> Inputs:
        """Return the inputs of some records."""

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON values: ``name``, ``shape``, ``dtype`` and what it learnt."""


class Learnt(Protocol):
    """What was learnt on the training split before the network, and what stands around that.

    Attributes:
        encoder: of the records. finish: augments values, where that is not a layer's work; the
            values are then what `values` gives.
        options: further arguments of a network's function.
    """

    encoder: Encoder
    finish: Finish | None
    options: Params

    def values(self, records: pa.Table) -> Inputs:
        """Return what `finish` takes of some records, an array of one element a record."""

    def before(self, seed: int) -> list[Any]:
        """Return layers that stand before the network in training, from its inputs on."""

    def classifier(self, network: Any, model: Model) -> Any:
        """Return the `keras.Model` from inputs to answers: probabilities ``(batch, classes)``, or
        a number ``(batch,)`` in the target's unit.
        """

    def document(self, transform: Params | None) -> dict[str, Any]:
        """Return what ``bundle.json`` says of it beside the input; ``reference`` is statistics of
        the training split.
        """

    def save_saved_model(
        self,
        classifier: Any,
        labels: Sequence[str],
        folder: Path,
        transform: Params | None,
        rule: Rule | None,
    ) -> None:
        """Write the SavedModel: ``serve`` takes inputs, others what a caller has.

        Labels in its answers are what `export.label` makes of the probabilities.
        """

    def explain(
        self, classifier: Any, validation: DatasetSplit, folder: Path, rule: Rule | None
    ) -> None:
        """Write what explains single answers to validation records, or checks what will explain
        those to test records, where the modality has it.
        """


class Rival(Protocol):
    """A scikit-learn model of records.

    Attributes:
        columns: of the records, that it reads.
    """

    columns: ClassVar[Sequence[str]]

    def fit(self, records: pa.Table, values: Values) -> None:
        """Fit on records of at least two classes, or of two numbers, standardised."""

    def predict(self, records: pa.Table) -> Answers:
        """Return the answers: probabilities ``(rows, classes)``, or numbers in their unit."""


@runtime_checkable
class ExportedRival(Rival, Protocol):
    """A rival that can be written as a graph, so that it serves like a network."""

    def export(self, graph: Path) -> Encoder:
        """Write what was fitted as an ONNX graph, from the inputs of the encoder that it returns
        to the target's output.
        """


class LearningModality(Protocol):
    """A kind of content."""

    def encoder(self, document: Params) -> Encoder:
        """Return the encoder whose document this is."""

    def learn(
        self, training: Path, records: Params, params: Params, target: Target | None = None
    ) -> Learnt:
        """Learn from the training split what the network stands on.

        Args:
            training: table of canonical records. records: the form that they have.
            params: of the stage `train`. target: what the network learns; classes by default.
        """

    def rival(self, baseline: Params, target: Target) -> Rival:
        """Return the scikit-learn model that a spec's baseline describes."""

    def draw(self, folder: Path, outcomes: Any, dataset: Artifact, bundle: Artifact) -> None:
        """Draw what people look at records by: errors, samples, quarantine."""

    def draw_refused(self, path: Path, title: str, refused: Sequence[Mapping[str, Any]]) -> None:
        """Draw refused records onto a sheet.

        Args:
            refused: columns `record_id`, `label`, `reason`, `detail`, `content` and `encoding` of
                quarantine.
        """


@runtime_checkable
class ExplainingModality(LearningModality, Protocol):
    """A modality whose answers to test records are explained by the network itself."""

    def explain(
        self,
        folder: Path,
        dataset: Artifact,
        bundle: Artifact,
        asked: Asked,
        scratch: Path,
        report: Callable[[Params], None],
    ) -> list[str]:
        """Write what spoke for the answers to test records, and draw it into ``plots``.

        Needs a deep-learning framework.

        Args:
            folder: for the files. dataset: with the test records. bundle: that answered.
            asked: which records. scratch: folder for temporary files.
            report: called with progress.

        Returns:
            What people must know of it, sentences.
        """


def open_learning(modality: str) -> LearningModality:
    """Return the modality of that name."""
    made: LearningModality = load(implementation("learning modality", modality))()
    return made
