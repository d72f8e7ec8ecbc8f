"""`Bundle`: an exported model, read. Evaluation, the gate and batch prediction load nothing else.

Answers come from the bundle's ONNX graph by ONNX Runtime; no deep-learning framework is imported
here, and nothing is written here (`millrace.learning.export` writes bundles).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pyarrow as pa

from millrace.artifacts.artifact import Artifact
from millrace.errors import DataError, SpecError
from millrace.learning.decision import Rule
from millrace.learning.modality import Encoder, Inputs, open_learning
from millrace.learning.target import Answers, Target, target_type
from millrace.learning.target_classes import ClassTarget
from millrace.machine import usable_cores

FORMAT = ClassTarget.format
"""Of ``bundle.json`` of bundles of classes."""

_CHUNK_VALUES = 1 << 20  # input values given to the graph at once
_CHUNK_ROWS = 128  # few enough for their features to stay in a core's cache
_TYPES = {"uint8": "tensor(uint8)", "int32": "tensor(int32)", "float32": "tensor(float)"}


class Bundle:
    """A model that answers batches.

    Args:
        document: of ``bundle.json``.
        graph: path of ``model.onnx``; its input is the encoder's, its output the target's.
        where: names the bundle in errors.

    Attributes:
        document: all that ``bundle.json`` states.
        target: what is answered.
        encoder: makes inputs of canonical records.
        where: names the bundle in errors.

    Raises:
        SpecError: the bundle's format, modality or target is one that this version does not know.
        DataError: the document lacks something, or the graph cannot be loaded.
    """

    def __init__(self, document: Mapping[str, Any], graph: Path, where: str) -> None:
        kind = _checked_type(document, where)
        self.document = document
        self.where = where
        self.target: Target = kind.of(document, where)
        self.encoder = _encoder(document, where)
        self._session = _open_graph(graph, self.encoder, self.target, where)

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of the probabilities; none where a number is answered."""
        return self.target.labels

    @property
    def rule(self) -> Rule | None:
        """What decides between two classes; None where nothing needs to."""
        return self.target.rule

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one record's input."""
        return self.encoder.shape

    @classmethod
    def open(cls, artifact: Artifact) -> Bundle:
        """Open a ``bundle`` artifact, its files verified by digest."""
        where = f"{artifact.manifest.kind} {artifact.manifest.key[:12]}"
        try:
            document = json.loads(artifact.path("bundle.json").read_bytes())
        except ValueError as error:
            raise DataError("bundle.json is not JSON", where=where, received=error) from error
        return cls(document, artifact.path("model.onnx"), where)

    def predict_records(self, records: pa.Table) -> Answers:
        """Return the answers ``(rows, *target.shape)`` to canonical records.

        Raises:
            DataError: the records are of another form.
        """
        return self.predict(self.encoder(records))

    def predict(self, inputs: Inputs) -> Answers:
        """Return the answers ``(rows, *target.shape)`` to inputs ``(rows, *shape)``.

        Every core answers small batches by itself, so the cores' number does not change a bit of
        the answers. Memory beyond input and output does not grow with the rows. No rows give no
        answers.

        Raises:
            DataError: the inputs have another shape, or the graph does not answer as it should.
        """
        self._check_shape(inputs)
        step = max(1, min(_CHUNK_ROWS, _CHUNK_VALUES // int(np.prod(self.shape))))
        if 0 < len(inputs) <= step:
            return self._answer(inputs)
        answers = np.empty((len(inputs), *self.target.shape), self.target.answer_type)

        def answer(start: int) -> None:
            answers[start : start + step] = self._answer(inputs[start : start + step])

        starts = range(0, len(inputs), step)
        with ThreadPoolExecutor(max(1, min(usable_cores(), len(starts)))) as pool:
            for _ in pool.map(answer, starts):
                pass
        return answers

    def _check_shape(self, inputs: Inputs) -> None:
        if inputs.shape[1:] == self.shape and inputs.dtype == self.encoder.dtype:
            return
        raise DataError(
            "the inputs do not fit the bundle",
            where=self.where,
            expected=f"{self.encoder.dtype} (rows, {', '.join(map(str, self.shape))})",
            received=f"{inputs.dtype} {inputs.shape}",
            remedy="Transform the records as the bundle's training set was transformed.",
        )

    def _answer(self, inputs: Inputs) -> Answers:
        """Run the graph once. ONNX Runtime's errors have no base class but `Exception`."""
        try:
            (answer,) = self._session.run(
                [self.target.output], {self.encoder.name: np.ascontiguousarray(inputs)}
            )
        except Exception as error:
            raise DataError("the graph fails", where=self.where, received=error) from error
        expected = (len(inputs), *self.target.shape)
        if answer.shape != expected:
            raise DataError(
                "the graph does not fit the bundle's labels",
                where=self.where,
                expected=f"{self.target.output} {expected}",
                received=answer.shape,
            )
        if not np.isfinite(answer).all():
            raise DataError(
                "the graph answers with NaN or infinity",
                where=self.where,
                expected=self.target.expected,
                remedy="Train again, with a smaller learning rate.",
            )
        answers: Answers = answer
        return answers


def _checked_type(document: Mapping[str, Any], where: str) -> type[Target]:
    """Return the kind of the target; its format is that of the whole document."""
    version = document.get("format") if isinstance(document, dict) else document
    kind = target_type(document if isinstance(document, dict) else {})
    if version != kind.format:
        raise SpecError(
            "unknown bundle format",
            where=where,
            expected=kind.format,
            received=version,
            remedy="Use the version of Millrace that exported it, or train it again.",
        )
    return kind


def _encoder(document: Mapping[str, Any], where: str) -> Encoder:
    try:
        modality = str(document["records"]["modality"])
        return open_learning(modality).encoder(document["input"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            "bundle.json is incomplete",
            where=where,
            expected="records.modality and its input",
            received=repr(error),
        ) from error


def _open_graph(
    graph: Path, encoder: Encoder, target: Target, where: str
) -> onnxruntime.InferenceSession:
    """Open the graph. ONNX Runtime's errors have no base class but `Exception`."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only
    options.intra_op_num_threads = 1  # `Bundle.predict` gives each core its own batches
    try:
        session = onnxruntime.InferenceSession(
            str(graph), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise DataError("model.onnx cannot be loaded", where=where, received=error) from error
    inputs = [(value.name, value.type) for value in session.get_inputs()]
    outputs = [value.name for value in session.get_outputs()]
    wanted = [(encoder.name, _TYPES[encoder.dtype])]
    if inputs != wanted or target.output not in outputs:
        raise DataError(
            "model.onnx has another signature",
            where=where,
            expected=f"{wanted} -> {target.output}",
            received=f"{inputs} -> {outputs}",
        )
    return session
