"""The ONNX file of a linear classifier. Needs no deep-learning framework."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from millrace.learning.calibrated import Linear
from millrace.learning.modality import Encoder

_OPSET, _IR = 18, 8


def save_linear(linear: Linear, encoder: Encoder, path: Path) -> None:
    """Write `linear`: the encoder's inputs ``(batch, features)`` -> ``probabilities`` float32.

    It computes in float64, as scikit-learn does. Classes that were never seen have 0.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    seen = np.eye(linear.count)[linear.classes]
    constants = {"weights": linear.weights, "bias": linear.bias, "seen": seen}
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Cast", [encoder.name], "wide", {"to": TensorProto.DOUBLE}),
        ("MatMul", ["wide", "weights"], "sums", {}),
        ("Add", ["sums", "bias"], "logits", {}),
        ("Softmax", ["logits"], "likely", {"axis": -1}),
        ("MatMul", ["likely", "seen"], "placed", {}),
        ("Cast", ["placed"], "probabilities", {"to": TensorProto.FLOAT}),
    ]
    nodes = [helper.make_node(kind, given, [made], **how) for kind, given, made, how in steps]
    given = helper.make_tensor_value_info(
        encoder.name, TensorProto.FLOAT, ["batch", *encoder.shape]
    )
    made = helper.make_tensor_value_info(
        "probabilities", TensorProto.FLOAT, ["batch", linear.count]
    )
    tensors = [numpy_helper.from_array(np.float64(v), name) for name, v in constants.items()]
    graph = helper.make_graph(nodes, "classifier", [given], [made], tensors)
    opset = helper.make_opsetid("", _OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=_IR)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
