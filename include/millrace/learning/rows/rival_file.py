"""The ONNX files of scikit-learn models of tables. Needs no deep-learning framework."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.learning.rows.encoder import RowEncoder

_OPSET, _TREES, _IR = 18, 3, 8

Constants = dict[str, npt.NDArray[Any]]
Steps = list[tuple[str, list[str], str, dict[str, Any]]]


def save_trees(model: Any, encoder: RowEncoder, classes: int, path: Path) -> None:
    """Write gradient boosted trees: the encoder's features -> ``probabilities`` float32.

    Args:
        model: a fitted `HistGradientBoostingClassifier` without categorical features.
        classes: all; those that were never seen have probability 0.
    """
    from onnx import helper

    base = _both(model._baseline_prediction.reshape(-1, 1))[:, 0]
    nodes = helper.make_node(
        "TreeEnsembleRegressor",
        [encoder.name],
        ["logits"],
        domain="ai.onnx.ml",
        **tree_attributes(model, base),
    )
    _save([nodes], {}, model.classes_, encoder, classes, path)


def save_logistic(model: Any, encoder: RowEncoder, classes: int, path: Path) -> None:
    """Write a logistic regression of numbers and of a feature for each place, likewise.

    It computes in float64, as scikit-learn does.
    """
    from onnx import TensorProto, helper

    weights = _both(model.coef_).T.astype(np.float64)
    bias = _both(model.intercept_[:, np.newaxis])[:, 0].astype(np.float64)
    constants, steps = linear_steps(weights, bias, encoder)
    single = helper.make_node("Cast", ["sums"], ["logits"], to=TensorProto.FLOAT)
    _save([*nodes_of(steps), single], constants, model.classes_, encoder, classes, path)


def linear_steps(
    weights: npt.NDArray[np.float64], bias: npt.NDArray[np.float64], encoder: RowEncoder
) -> tuple[Constants, Steps]:
    """Return what makes ``sums`` of features, in float64: constants, and steps of `nodes_of`.

    Args:
        weights: of numbers, then of places, ``(inputs, outputs)``. bias: ``(outputs,)``.
    """
    from onnx import TensorProto

    numbers = len(encoder.scaling.names)
    constants: Constants = {
        "of_numbers": weights[:numbers],
        "of_places": np.vstack([weights[numbers:], np.zeros((1, weights.shape[1]))]),
        "bias": bias,
        "numbers_end": np.array([numbers]),
        "start": np.array([0]),
        "end": np.array([encoder.shape[0]]),
        "columns": np.array([1]),
    }
    steps: Steps = [
        ("Slice", [encoder.name, "start", "numbers_end", "columns"], "numbers", {}),
        ("Cast", ["numbers"], "wide", {"to": TensorProto.DOUBLE}),
        ("MatMul", ["wide", "of_numbers"], "by_numbers", {}),
        ("Slice", [encoder.name, "numbers_end", "end", "columns"], "shares", {}),
        ("Cast", ["shares"], "places", {"to": TensorProto.INT64}),
        ("Gather", ["of_places", "places"], "each", {}),
        ("ReduceSum", ["each", "columns"], "by_places", {"keepdims": 0}),
        ("Sum", ["by_numbers", "by_places", "bias"], "sums", {}),
    ]
    return constants, steps


def nodes_of(steps: Steps) -> list[Any]:
    """Return ONNX nodes of steps: kind, inputs, output and attributes of each."""
    from onnx import helper

    return [helper.make_node(kind, given, [made], **how) for kind, given, made, how in steps]


def _save(
    nodes: Sequence[Any],
    constants: Constants,
    seen: npt.NDArray[np.int64],
    encoder: RowEncoder,
    classes: int,
    path: Path,
) -> None:
    """Write nodes that make ``logits`` of the classes that were seen."""
    from onnx import helper

    ends = [
        helper.make_node("Softmax", ["logits"], ["likely"], axis=-1),
        helper.make_node("MatMul", ["likely", "seen"], ["probabilities"]),
    ]
    tensors = {**constants, "seen": np.eye(classes, dtype=np.float32)[seen]}
    save_graph([*nodes, *ends], tensors, encoder, "probabilities", ["batch", classes], path)


def save_graph(
    nodes: Sequence[Any],
    tensors: Constants,
    encoder: RowEncoder,
    output: str,
    shape: Sequence[str | int],
    path: Path,
) -> None:
    """Write nodes from the encoder's features to `output`, float64 where that is one number."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    kind = TensorProto.FLOAT if len(shape) > 1 else TensorProto.DOUBLE
    graph = helper.make_graph(
        nodes,
        "classifier" if len(shape) > 1 else "regressor",
        [helper.make_tensor_value_info(encoder.name, TensorProto.FLOAT, ["batch", *encoder.shape])],
        [helper.make_tensor_value_info(output, kind, shape)],
        [numpy_helper.from_array(value, name) for name, value in tensors.items()],
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _TREES)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _both(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a row a class: of two classes, scikit-learn keeps the second's margin alone."""
    return np.vstack([np.zeros_like(values), values]) if len(values) == 1 else values


def tree_attributes(model: Any, base: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return all trees as one list of nodes, in the names of `TreeEnsembleRegressor`.

    Args:
        base: where the sums begin, one an output; with one more than trees a stage, the first of
            them stays.
    """
    trees = [predictor.nodes for stage in model._predictors for predictor in stage]
    width = len(model._predictors[0])
    nodes = np.concatenate(trees)
    sizes = [len(tree) for tree in trees]
    numbers = np.repeat(np.arange(len(trees)), sizes)
    ids = np.concatenate([np.arange(size) for size in sizes])
    leaf = nodes["is_leaf"].astype(bool)
    targets = numbers % width + (len(base) - width)
    return {
        "nodes_treeids": numbers.tolist(),
        "nodes_nodeids": ids.tolist(),
        "nodes_featureids": nodes["feature_idx"].tolist(),
        "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "nodes_values": np.where(leaf, 0, _rounded_down(nodes["num_threshold"])).tolist(),
        "nodes_truenodeids": nodes["left"].tolist(),
        "nodes_falsenodeids": nodes["right"].tolist(),
        "nodes_missing_value_tracks_true": nodes["missing_go_to_left"].tolist(),
        "target_treeids": numbers[leaf].tolist(),
        "target_nodeids": ids[leaf].tolist(),
        "target_ids": targets[leaf].tolist(),
        "target_weights": nodes["value"][leaf].tolist(),
        "base_values": base.tolist(),
        "n_targets": len(base),
    }


def _rounded_down(thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Return the largest float32 numbers that are not above: features are compared alike."""
    near = thresholds.astype(np.float32)
    below = np.nextafter(near, np.float32(-np.inf))
    return np.where(near > thresholds, below, near).astype(np.float32)
