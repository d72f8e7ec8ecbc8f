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
import numpy.typing as npt
import onnxruntime
import pyarrow as pa

from millrace.artifacts.artifact import Artifact
from millrace.errors import DataError, SpecError
from millrace.learning.decision import Rule
from millrace.learning.modality import Encoder, Inputs, open_learning
from millrace.machine import usable_cores

FORMAT = 2
_CHUNK_VALUES = 1 << 20  # input values given to the graph at once
_CHUNK_ROWS = 128  # few enough for their features to stay in a core's cache
_OUTPUT = "probabilities"
_TYPES = {"uint8": "tensor(uint8)", "int32": "tensor(int32)", "float32": "tensor(float)"}

Probabilities = npt.NDArray[np.float32]


class Bundle:
    """A classifier that answers batches.

    Args:
        document: of ``bundle.json``.
        graph: path of ``model.onnx``; its input is the encoder's, its output ``probabilities``
            float32 (rows, classes).
        where: names the bundle in errors.

    Attributes:
        document: all that ``bundle.json`` states.
        labels: the classes, in the order of the probabilities.
        encoder: makes inputs of canonical records.
        rule: decides between two classes; None where the most probable class is predicted.
        where: names the bundle in errors.

    Raises:
        SpecError: the bundle's format or modality is one that this version does not know.
        DataError: the document lacks something, or the graph cannot be loaded.
    """

    def __init__(self, document: Mapping[str, Any], graph: Path, where: str) -> None:
        _check_format(document, where)
        self.document = document
        self.where = where
        self.labels = _labels(document, where)
        self.encoder = _encoder(document, where)
        self.rule = Rule.of(document, self.labels, where)
        self._session = _open_graph(graph, self.encoder, where)

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

    def predict_records(self, records: pa.Table) -> Probabilities:
        """Return the probabilities ``(rows, classes)`` of canonical records.

        Raises:
            DataError: the records are of another form.
        """
        return self.predict(self.encoder(records))

    def predict(self, inputs: Inputs) -> Probabilities:
        """Return the probabilities ``(rows, classes)`` of the encoder's inputs ``(rows, *shape)``.

        Every core answers small batches by itself, so the cores' number does not change a bit of
        the answers. Memory beyond input and output does not grow with the rows. No rows give no
        answers.

        Raises:
            DataError: the inputs have another shape, or the graph does not give probabilities.
        """
        self._check_shape(inputs)
        step = max(1, min(_CHUNK_ROWS, _CHUNK_VALUES // int(np.prod(self.shape))))
        if 0 < len(inputs) <= step:
            return self._answer(inputs)
        answers = np.empty((len(inputs), len(self.labels)), np.float32)

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

    def _answer(self, inputs: Inputs) -> Probabilities:
        """Run the graph once. ONNX Runtime's errors have no base class but `Exception`."""
        try:
            (answer,) = self._session.run(
                [_OUTPUT], {self.encoder.name: np.ascontiguousarray(inputs)}
            )
        except Exception as error:
            raise DataError("the graph fails", where=self.where, received=error) from error
        expected = (len(inputs), len(self.labels))
        if answer.shape != expected:
            raise DataError(
                "the graph does not fit the bundle's labels",
                where=self.where,
                expected=f"probabilities {expected}",
                received=answer.shape,
            )
        if not np.isfinite(answer).all():
            raise DataError(
                "the graph answers with NaN or infinity",
                where=self.where,
                expected="probabilities from 0 to 1",
                remedy="Train again, with a smaller learning rate.",
            )
        probabilities: Probabilities = np.asarray(answer, np.float32)
        return probabilities


def _check_format(document: Mapping[str, Any], where: str) -> None:
    version = document.get("format") if isinstance(document, dict) else document
    if version != FORMAT:
        raise SpecError(
            "unknown bundle format",
            where=where,
            expected=FORMAT,
            received=version,
            remedy="Use the version of Millrace that exported it, or train it again.",
        )


def _labels(document: Mapping[str, Any], where: str) -> tuple[str, ...]:
    try:
        labels = tuple(str(label) for label in document["labels"])
    except (KeyError, TypeError) as error:
        raise _incomplete("labels", error, where) from error
    if not labels or len(set(labels)) != len(labels):
        raise DataError("a bundle's labels must be unique", where=where, received=labels)
    return labels


def _encoder(document: Mapping[str, Any], where: str) -> Encoder:
    try:
        modality = str(document["records"]["modality"])
        return open_learning(modality).encoder(document["input"])
    except (KeyError, TypeError, ValueError) as error:
        raise _incomplete("records.modality and its input", error, where) from error


def _incomplete(expected: str, error: Exception, where: str) -> DataError:
    return DataError(
        "bundle.json is incomplete", where=where, expected=expected, received=repr(error)
    )


def _open_graph(graph: Path, encoder: Encoder, where: str) -> onnxruntime.InferenceSession:
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
    if inputs != wanted or _OUTPUT not in outputs:
        raise DataError(
            "model.onnx has another signature",
            where=where,
            expected=f"{wanted} -> {_OUTPUT}",
            received=f"{inputs} -> {outputs}",
        )
    return session
