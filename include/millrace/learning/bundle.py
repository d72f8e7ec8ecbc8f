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

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import Images
from millrace.errors import DataError, SpecError
from millrace.machine import usable_cores

FORMAT = 1
_CHUNK_VALUES = 1 << 20  # pixel values given to the graph at once
_CHUNK_ROWS = 128  # few enough for their features to stay in a core's cache
_INPUT, _OUTPUT = "image", "probabilities"

Probabilities = npt.NDArray[np.float32]


class Bundle:
    """An image classifier that answers batches.

    Args:
        document: of ``bundle.json``.
        graph: path of ``model.onnx``; input ``image`` uint8 (rows, height, width, channels), output
            ``probabilities`` float32 (rows, classes).
        where: names the bundle in errors.

    Attributes:
        document: all that ``bundle.json`` states.
        labels: the classes, in the order of the probabilities.
        shape: of one picture, (height, width, channels).
        where: names the bundle in errors.

    Raises:
        SpecError: the bundle's format or task is one that this version does not know.
        DataError: the document lacks something, or the graph cannot be loaded.
    """

    def __init__(self, document: Mapping[str, Any], graph: Path, where: str) -> None:
        _check_format(document, where)
        self.document = document
        self.where = where
        self.labels, self.shape = _schema(document, where)
        self._session = _open_graph(graph, where)

    @classmethod
    def open(cls, artifact: Artifact) -> Bundle:
        """Open a ``bundle`` artifact, its files verified by digest."""
        where = f"{artifact.manifest.kind} {artifact.manifest.key[:12]}"
        try:
            document = json.loads(artifact.path("bundle.json").read_bytes())
        except ValueError as error:
            raise DataError("bundle.json is not JSON", where=where, received=error) from error
        return cls(document, artifact.path("model.onnx"), where)

    def predict(self, images: Images) -> Probabilities:
        """Return the probabilities ``(rows, classes)`` of pictures ``(rows, h, w, c)`` uint8.

        Every core answers small batches by itself, so the cores' number does not change a bit of
        the answers. Memory beyond input and output does not grow with the rows. No rows give no
        answers.

        Raises:
            DataError: the pictures have another shape, or the graph does not give probabilities.
        """
        self._check_shape(images)
        answers = np.empty((len(images), len(self.labels)), np.float32)
        step = max(1, min(_CHUNK_ROWS, _CHUNK_VALUES // int(np.prod(self.shape))))

        def answer(start: int) -> None:
            answers[start : start + step] = self._answer(images[start : start + step])

        starts = range(0, len(images), step)
        with ThreadPoolExecutor(max(1, min(usable_cores(), len(starts)))) as pool:
            for _ in pool.map(answer, starts):
                pass
        return answers

    def _check_shape(self, images: Images) -> None:
        if images.shape[1:] == self.shape and images.dtype == np.uint8:
            return
        raise DataError(
            "pictures do not fit the bundle",
            where=self.where,
            expected=f"uint8 (rows, {', '.join(map(str, self.shape))})",
            received=f"{images.dtype} {images.shape}",
            remedy="Transform the records as the bundle's training set was transformed.",
        )

    def _answer(self, images: Images) -> Probabilities:
        """Run the graph once. ONNX Runtime's errors have no base class but `Exception`."""
        try:
            (answer,) = self._session.run([_OUTPUT], {_INPUT: np.ascontiguousarray(images)})
        except Exception as error:
            raise DataError("the graph fails", where=self.where, received=error) from error
        expected = (len(images), len(self.labels))
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
        probabilities: Probabilities = answer
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
    if document.get("task") != "image_classification":
        raise SpecError(
            "unknown task of a bundle",
            where=where,
            expected="image_classification",
            received=document.get("task"),
        )


def _schema(
    document: Mapping[str, Any], where: str
) -> tuple[tuple[str, ...], tuple[int, int, int]]:
    try:
        labels = tuple(str(label) for label in document["labels"])
        height, width, channels = (int(side) for side in document["input"]["shape"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            "bundle.json is incomplete",
            where=where,
            expected="labels and input.shape [height, width, channels]",
            received=error,
        ) from error
    if not labels or len(set(labels)) != len(labels):
        raise DataError("a bundle's labels must be unique", where=where, received=labels)
    return labels, (height, width, channels)


def _open_graph(graph: Path, where: str) -> onnxruntime.InferenceSession:
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
    if inputs != [(_INPUT, "tensor(uint8)")] or _OUTPUT not in outputs:
        raise DataError(
            "model.onnx has another signature",
            where=where,
            expected=f"{_INPUT} tensor(uint8) -> {_OUTPUT}",
            received=f"{inputs} -> {outputs}",
        )
    return session
