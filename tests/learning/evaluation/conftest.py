"""A workshop of tiny real parts: a store, datasets, and linear ONNX bundles that answer exactly."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pytest
from onnx import TensorProto, helper, numpy_helper

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.digests import digest_value
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.artifacts.tables import image_field, images_to_column, write_table
from millrace.workflow.stage import StageContext, StageResult

SHAPE = (4, 4, 1)
LABELS = ("bird", "cat", "dog")


def graph(weights: np.ndarray, bias: np.ndarray, shape: tuple[int, ...] = SHAPE) -> onnx.ModelProto:
    """Return softmax(pixels / 255 @ weights + bias)."""
    names = ["cast", "scaled", "flat", "logits", "probabilities"]
    nodes = [
        helper.make_node("Cast", ["image"], ["cast"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["cast", "white"], ["scaled"]),
        helper.make_node("Flatten", ["scaled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weights", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], [names[-1]], axis=1),
    ]
    constants = {"white": np.float32(255), "weights": weights, "bias": bias}
    tensors = [numpy_helper.from_array(np.float32(v), n) for n, v in constants.items()]
    given = helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", *shape])
    made = helper.make_tensor_value_info(names[-1], TensorProto.FLOAT, ["batch", len(bias)])
    body = helper.make_graph(nodes, "linear", [given], [made], tensors)
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@dataclass
class Workshop:
    """Makes artifacts in a temporary store and runs stages on them."""

    root: Path
    store: Store
    made: int = 0
    reports: list[Any] = field(default_factory=list)

    def folder(self) -> Path:
        self.made += 1
        path = self.root / f"folder-{self.made}"
        path.mkdir(parents=True)
        return path

    def publish(self, kind: str, folder: Path, facts: Any = None) -> Artifact:
        files = {
            p.relative_to(folder).as_posix(): self.store.put(p)
            for p in sorted(folder.rglob("*"))
            if p.is_file()
        }
        key = digest_value([kind, self.made])
        return self.store.publish(Manifest(kind=kind, key=key, files=files, facts=facts or {}))

    def bundle(
        self, weights: Any = None, labels: Any = LABELS, shape: Any = SHAPE, **changes: Any
    ) -> Artifact:
        folder = self.folder()
        values = detector(len(labels), shape) if weights is None else weights
        onnx.save(graph(values, np.zeros(len(labels)), shape), folder / "model.onnx")
        document = {
            "format": 2,
            "records": {"modality": "image", "shape": list(shape)},
            "labels": list(labels),
            "input": {"name": "image", "shape": list(shape), "dtype": "uint8"},
            **changes,
        }
        (folder / "bundle.json").write_text(json.dumps(document))
        if "history" in changes:
            (folder / "history.json").write_text(json.dumps({"epochs": changes["history"]}))
        return self.publish("bundle", folder)

    def dataset(self, **splits: pa.Table) -> Artifact:
        folder = self.folder()
        for name, table in splits.items():
            write_table(folder / f"{name}.parquet", table.schema, [table])
        return self.publish("dataset", folder, {"labels": list(LABELS)})

    def run(self, stage: Any, params: Any, **inputs: Any) -> tuple[StageResult, Path]:
        output = self.folder()
        roles = {
            role: artifact if isinstance(artifact, list) else [artifact]
            for role, artifact in inputs.items()
            if artifact is not None
        }
        context = StageContext(
            params=params,
            locations={},
            inputs=roles,
            output=output,
            scratch=self.folder(),
            checkpoints=None,  # type: ignore[arg-type]
            report=self.reports.append,
        )
        return stage.run(context), output

    def keep(self, result: StageResult, folder: Path) -> Artifact:
        copy = self.folder()
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        return self.publish(result.kind, copy, result.facts)


def detector(classes: int = 3, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    """Return weights that see which of the first pixels is bright: class k is pixel k."""
    weights = np.zeros((int(np.prod(shape)), classes))
    weights[np.arange(classes), np.arange(classes)] = 6.0
    return weights


def pictures(classes: Any, shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """Return one picture a class index: pixel k is white, the others are black."""
    images = np.zeros((len(classes), int(np.prod(shape))), np.uint8)
    images[np.arange(len(classes)), classes] = 255
    return images.reshape(len(classes), *shape)


def records(seen: Any, labels: Any = None, sources: Any = None, shape: Any = SHAPE) -> pa.Table:
    """Return records whose pictures show `seen` and whose labels may say otherwise."""
    rows = len(seen)
    names = [LABELS[i] for i in seen] if labels is None else list(labels)
    columns = {
        "record_id": pa.array([f"s/{i:06}" for i in range(rows)], pa.string()),
        "source": pa.array(["s"] * rows if sources is None else list(sources), pa.string()),
        "label": pa.array(names, pa.string()),
        "content_digest": pa.array([i.to_bytes(16) for i in range(rows)], pa.binary(16)),
        "image": images_to_column(pictures(seen, shape)),
    }
    fields = [pa.field(n, c.type) for n, c in columns.items() if n != "image"]
    return pa.table(columns, pa.schema([*fields, image_field("image", shape)]))


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path / "work", Store((tmp_path / "store").as_uri()))


@pytest.fixture
def make_records() -> Any:
    return records


@pytest.fixture
def make_weights() -> Any:
    return detector
