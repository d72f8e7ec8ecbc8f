"""The ONNX files of scikit-learn regressions of tables. Needs no deep-learning framework.

What was learnt is standardised; the graphs answer in the target's own unit, in double precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from millrace.learning.rows.encoder import RowEncoder
from millrace.learning.rows.rival_file import (
    Constants,
    Steps,
    linear_steps,
    nodes_of,
    save_graph,
    tree_attributes,
)
from millrace.learning.target_quantity import LARGEST_LOGARITHM, QuantityTarget


def save_tree_values(model: Any, encoder: RowEncoder, target: QuantityTarget, path: Path) -> None:
    """Write gradient boosted trees: the encoder's features -> ``value`` float64 ``(batch,)``.

    Args:
        model: a fitted `HistGradientBoostingRegressor` without categorical features.
        target: what it learnt.
    """
    from onnx import TensorProto, helper

    base = np.reshape(model._baseline_prediction, (1,)).astype(np.float64)
    trees = helper.make_node(
        "TreeEnsembleRegressor",
        [encoder.name],
        ["single"],
        domain="ai.onnx.ml",
        **tree_attributes(model, base),
    )
    wide = helper.make_node("Cast", ["single"], ["sums"], to=TensorProto.DOUBLE)
    _save([trees, wide], {}, encoder, target, path)


def save_ridge(model: Any, encoder: RowEncoder, target: QuantityTarget, path: Path) -> None:
    """Write a linear regression of numbers and of a feature for each place, likewise."""
    weights = model.coef_.reshape(-1, 1).astype(np.float64)
    bias = np.reshape(model.intercept_, (1,)).astype(np.float64)
    constants, steps = linear_steps(weights, bias, encoder)
    _save(nodes_of(steps), constants, encoder, target, path)


def _save(
    nodes: Sequence[Any],
    constants: Constants,
    encoder: RowEncoder,
    target: QuantityTarget,
    path: Path,
) -> None:
    """Write nodes that make ``sums``, standardised numbers ``(batch, 1)`` float64."""
    low, high = target.quantity.limits
    scales = {"shift": target.shift, "scale": target.scale, "low": low, "high": high}
    ends: Steps = [
        ("Squeeze", ["sums", "columns"], "standardised", {}),
        ("Add", ["standardised", "shift"], "shifted", {}),
        ("Mul", ["shifted", "scale"], "number", {}),
    ]
    if target.quantity.transform == "log":
        scales["largest"] = LARGEST_LOGARITHM
        ends += [
            ("Min", ["number", "largest"], "logarithm", {}),
            ("Exp", ["logarithm"], "power", {}),
        ]
    ends.append(("Clip", [ends[-1][2], "low", "high"], "value", {}))
    numbers = {name: np.array(value, np.float64) for name, value in scales.items()}
    tensors = {**constants, **numbers, "columns": np.array([1])}
    save_graph([*nodes, *nodes_of(ends)], tensors, encoder, "value", ["batch"], path)
