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


def save_trees(model: Any, encoder: RowEncoder, classes: int, path: Path) -> None:
    """Write gradient boosted trees: the encoder's features -> ``probabilities`` float32.

    Args:
        model: a fitted `HistGradientBoostingClassifier` without categorical features.
        classes: all; those that were never seen have probability 0.
    """
    from onnx import helper

    nodes = helper.make_node(
        "TreeEnsembleRegressor",
        [encoder.name],
        ["logits"],
        domain="ai.onnx.ml",
        **_tree_attributes(model),
    )
    _save([nodes], {}, model.classes_, encoder, classes, path)


def save_logistic(model: Any, encoder: RowEncoder, classes: int, path: Path) -> None:
    """Write a logistic regression of numbers and of a feature for each place, likewise.

    It computes in float64, as scikit-learn does.
    """
    from onnx import TensorProto, helper

    numbers, weights = len(encoder.scaling.names), _both(model.coef_).T.astype(np.float64)
    constants: Constants = {
        "of_numbers": weights[:numbers],
        "of_places": np.vstack([weights[numbers:], np.zeros((1, weights.shape[1]))]),
        "bias": _both(model.intercept_[:, np.newaxis])[:, 0].astype(np.float64),
        "numbers_end": np.array([numbers]),
        "start": np.array([0]),
        "end": np.array([encoder.shape[0]]),
        "columns": np.array([1]),
    }
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Slice", [encoder.name, "start", "numbers_end", "columns"], "numbers", {}),
        ("Cast", ["numbers"], "wide", {"to": TensorProto.DOUBLE}),
        ("MatMul", ["wide", "of_numbers"], "by_numbers", {}),
        ("Slice", [encoder.name, "numbers_end", "end", "columns"], "shares", {}),
        ("Cast", ["shares"], "places", {"to": TensorProto.INT64}),
        ("Gather", ["of_places", "places"], "each", {}),
        ("ReduceSum", ["each", "columns"], "by_places", {"keepdims": 0}),
        ("Sum", ["by_numbers", "by_places", "bias"], "sums", {}),
        ("Cast", ["sums"], "logits", {"to": TensorProto.FLOAT}),
    ]
    nodes = [helper.make_node(kind, given, [made], **how) for kind, given, made, how in steps]
    _save(nodes, constants, model.classes_, encoder, classes, path)


def _save(
    nodes: Sequence[Any],
    constants: Constants,
    seen: npt.NDArray[np.int64],
    encoder: RowEncoder,
    classes: int,
    path: Path,
) -> None:
    """Write nodes that make ``logits`` of the classes that were seen."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    ends = [
        helper.make_node("Softmax", ["logits"], ["likely"], axis=-1),
        helper.make_node("MatMul", ["likely", "seen"], ["probabilities"]),
    ]
    tensors = {**constants, "seen": np.eye(classes, dtype=np.float32)[seen]}
    graph = helper.make_graph(
        [*nodes, *ends],
        "classifier",
        [helper.make_tensor_value_info(encoder.name, TensorProto.FLOAT, ["batch", *encoder.shape])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", classes])],
        [numpy_helper.from_array(value, name) for name, value in tensors.items()],
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _TREES)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _both(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a row a class: of two classes, scikit-learn keeps the second's margin alone."""
    return np.vstack([np.zeros_like(values), values]) if len(values) == 1 else values


def _tree_attributes(model: Any) -> dict[str, Any]:
    """Return all trees as one list of nodes, in the names of `TreeEnsembleRegressor`."""
    trees = [predictor.nodes for stage in model._predictors for predictor in stage]
    width = len(model._predictors[0])
    nodes = np.concatenate(trees)
    sizes = [len(tree) for tree in trees]
    numbers = np.repeat(np.arange(len(trees)), sizes)
    ids = np.concatenate([np.arange(size) for size in sizes])
    leaf = nodes["is_leaf"].astype(bool)
    base = _both(model._baseline_prediction.reshape(-1, 1))[:, 0]
    targets = numbers % width + (1 if width == 1 else 0)
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
