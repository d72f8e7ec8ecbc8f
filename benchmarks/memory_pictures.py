"""Pictures for `stage_memory`: MNIST so many times over, and the stages of its workflow.

Each copy has a few pixels of its border changed, so that copies are never equal. MNIST's pictures
are too small to have fingerprints, so ``integrate, near`` gives its records made-up ones: unlike
for nine of ten, and the tenth is a near duplicate of the one before.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
from pathlib import Path
from typing import Any

import memory_stages
import numpy as np
import pyarrow as pa
from memory_stages import SOURCES, DataStages
from stages import Made, facts_file

_FILES = {"train": 60_000, "t10k": 10_000}
_SIDE = 28
NAMES = (
    *memory_stages.NAMES,
    *("fingerprint", "integrate, near", "predict", "baseline", "evaluate"),
)


class Pictures(DataStages):
    """The stages of ``mnist.yaml`` but training."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, "mnist")

    def fingerprint(self) -> None:
        for number in self.numbers():
            _write_fingerprints(self.made(f"clean-{number}"), self.root / f"near-{number}")

    def integrate_near(self) -> None:
        self.integrate_as(self.spec, "near", "integrate-near")

    def predict(self) -> None:
        inputs = {"bundle": [self._bundle()], "records": [self.made("integrate")]}
        params = {"modality": "image", "file": "train.parquet"}
        self.stages.run("learning.predict", "predict", params, inputs)

    def baseline(self) -> None:
        params = {"modality": "image", "baseline": self.spec.baseline.model_dump(mode="json")}
        inputs = {"dataset": [self.made("integrate")]}
        self.stages.run("learning.baseline", "baseline", params, inputs)

    def evaluate(self) -> None:
        roles = {
            "dataset": self.made("integrate"),
            "baseline": self.made("baseline"),
            "bundle": self._bundle(),
            "champion": self._bundle(),
        }
        inputs = {role: [made] for role, made in roles.items()}
        params = {"modality": "image", "bootstrap": 1_000, "seed": 7}
        self.stages.run("learning.evaluate", "evaluate", params, inputs)

    def _bundle(self) -> Made:
        """Return a linear classifier of fixed weights: memory does not depend on how good it is."""
        folder = self.root / "bundle"
        if not folder.exists():
            _write_bundle(folder)
        return Made(folder, {})


def write_sources(root: Path, factor: int) -> None:
    """Write the four IDX files of `factor` copies, uncompressed."""
    mnist = Path(os.environ["MNIST"])
    root.mkdir(parents=True, exist_ok=True)
    sources = []
    for name, rows in _FILES.items():
        images, labels = root / f"{name}-images", root / f"{name}-labels"
        with images.open("wb") as file:
            file.write(np.array([2051, rows * factor, _SIDE, _SIDE], ">i4").tobytes())
            original = _idx(mnist / f"{name}-images-idx3-ubyte.gz", 16).reshape(rows, -1)
            for copy in range(factor):
                file.write(_perturbed(original, copy).tobytes())
        with labels.open("wb") as file:
            file.write(np.array([2049, rows * factor], ">i4").tobytes())
            file.write(_idx(mnist / f"{name}-labels-idx1-ubyte.gz", 8).tobytes() * factor)
        sources.append({"name": name, "images": str(images), "labels": str(labels), "sha256": {}})
    (root / SOURCES).write_text(json.dumps(sources))


def _idx(path: Path, header: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)


def _perturbed(images: Any, copy: int) -> Any:
    """Return pictures whose first pixels spell the copy's number; the first copy is as it was."""
    changed = images.copy()
    changed[:, 0:6] = [(copy >> bit & 1) * 40 for bit in range(6)]
    return changed


def _write_fingerprints(cleaned: Made, folder: Path) -> None:
    """Copy a clean artifact, its pictures' fingerprints made of their digests."""
    from millrace.artifacts.tables import read_table, write_table
    from millrace.data.pictures.schema import CLEAN

    def tables() -> Any:
        for table in read_table(cleaned.path("records.parquet")):
            prints = np.array(table["content_digest"].to_pylist(), "S16")
            prints[9::10] = prints[8 : 8 + len(prints[9::10]) * 10 : 10]
            values = {
                "perceptual_hash": pa.array(prints.view("<u8")[::2].copy()),
                "thumbnail": pa.array([16 * p.ljust(16) for p in prints.tolist()], pa.binary(256)),
            }
            for name, column in values.items():
                table = table.set_column(table.column_names.index(name), name, column)
            yield table

    shutil.copytree(cleaned.folder, folder, dirs_exist_ok=True)
    shutil.copy(facts_file(cleaned.folder), facts_file(folder))
    write_table(folder / "records.parquet", CLEAN, tables())


def _write_bundle(folder: Path) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    from millrace.learning.bundle import FORMAT
    from millrace.learning.pictures.encoder import PixelEncoder

    labels = [str(label) for label in range(10)]
    weights = np.random.default_rng(7).normal(size=(_SIDE**2, len(labels))).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["image"], ["cast"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["cast"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    tensors = [numpy_helper.from_array(weights / 255, "weights")]
    given = helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", _SIDE, _SIDE, 1])
    made = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", len(labels)])
    body = helper.make_graph(nodes, "linear", [given], [made], tensors)
    opset = [helper.make_opsetid("", 17)]
    folder.mkdir()
    model = helper.make_model(body, opset_imports=opset, ir_version=8)
    onnx.save(model, str(folder / "model.onnx"))
    document = {
        "format": FORMAT,
        "records": {"modality": "image"},
        "labels": labels,
        "input": PixelEncoder((_SIDE, _SIDE, 1)).to_document(),
    }
    (folder / "bundle.json").write_text(json.dumps(document))
