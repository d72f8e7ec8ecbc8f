"""The ONNX file: predictions without TensorFlow."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

from millrace.learning.framework import tf
from millrace.learning.modality import Encoder

_OPSET = 18


def save_onnx(classifier: Any, encoder: Encoder, path: Path, output: str = "probabilities") -> None:
    """Write `classifier`: the encoder's inputs ``(batch, *shape)`` -> `output`, its answers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tf2onnx's own imports
        import onnx
        import tf2onnx
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)

    def answers(inputs: Any) -> Any:
        return tf.identity(classifier(inputs, training=False), name=output)

    signature = [tf.TensorSpec((None, *encoder.shape), encoder.dtype, name=encoder.name)]
    function = tf.function(answers, input_signature=signature)
    model, _ = tf2onnx.convert.from_function(function, signature, opset=_OPSET)
    _name_output(model.graph, output)
    model.graph.name = "classifier"
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _name_output(graph: Any, name: str) -> None:
    """Rename the graph's only output; a node inside that has the name already makes way."""
    (output,) = graph.output
    if output.name == name:
        return
    names = {name: f"{name}_inner", output.name: name}
    for node in graph.node:
        for values in (node.input, node.output):
            for index, value in enumerate(values):
                values[index] = names.get(value, value)
    output.name = name
