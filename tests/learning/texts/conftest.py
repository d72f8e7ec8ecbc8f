"""Tiny messages of two classes, as a dataset artifact, and a bundle that adds up words exactly."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pytest
from onnx import TensorProto, helper, numpy_helper

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.artifacts.tables import write_table
from millrace.learning.texts.encoder import TokenEncoder
from millrace.learning.texts.vocabulary import Vocabulary
from millrace.workflow.learning import Training
from millrace.workflow.stage import StageContext, StageResult
from millrace.workflow.texts import TextAugmentation, TextTransform

LABELS = ("ham", "spam")
ROWS = {"train": 240, "validation": 60, "test": 60}
_COMMON = ("the", "you", "see", "at", "home", "later", "ok", "👍", "мир", "你", "?", ".")
_TELLING = (("lunch", "sorry", "mum"), ("win", "prize", "URL"))

VOCABULARY = Vocabulary(("win", "prize", "lunch", "the"))
WEIGHTS = np.array([[0, 0], [0, 0], [0, 3], [0, 1], [2, 0], [0, 0]], np.float32)


def messages(rows: int, seed: int) -> tuple[list[str], list[str]]:
    """Return texts and labels; two words of each text tell its class."""
    random = np.random.default_rng(seed)
    classes = random.integers(0, 2, rows).tolist()
    texts = []
    for index in classes:
        words = [*random.choice(_COMMON, random.integers(2, 7)).tolist()]
        words += random.choice(_TELLING[index], 2).tolist()
        texts.append(" ".join(np.array(words)[random.permutation(len(words))].tolist()))
    return texts, [LABELS[index] for index in classes]


def write_texts(path: Path, texts: list[str], labels: list[str]) -> None:
    """Write one side of a dataset."""
    rows = len(texts)
    schema = pa.schema(
        [
            ("record_id", pa.string()),
            ("source", pa.string()),
            ("label", pa.string()),
            ("content_digest", pa.binary(16)),
            pa.field("text", pa.string(), nullable=False),
        ]
    )
    columns = [
        pa.array([f"sms/{path.stem}{row:05d}" for row in range(rows)], pa.string()),
        pa.array(["sms"] * rows, pa.string()),
        pa.array(labels, pa.string()),
        pa.array([row.to_bytes(16) for row in range(rows)], pa.binary(16)),
        pa.array(texts, pa.string()),
    ]
    write_table(path, schema, [pa.table(columns, schema=schema)])


def text_dataset(folder: Path, rows: Mapping[str, int] = ROWS) -> Artifact:
    """Return a dataset artifact with these rows a side, and a quarantine."""
    folder.mkdir(parents=True, exist_ok=True)
    store = Store((folder / "store").as_uri())
    files = {}
    for seed, (side, count) in enumerate(rows.items()):
        path = folder / f"{side}.parquet"
        write_texts(path, *messages(count, seed))
        files[path.name] = store.put(path)
    refused = {
        "record_id": ["sms/1", "sms/2"],
        "reason": ["empty", "undecodable"],
        "content": [b"", b"\xff\xfe broken \x00 <b>"],
        "encoding": ["text", "bytes"],
    }
    table = pa.table(refused)
    write_table(folder / "quarantine.parquet", table.schema, [table])
    files["quarantine.parquet"] = store.put(folder / "quarantine.parquet")
    facts = {"labels": list(LABELS), "records": {"modality": "text"}, "rows": dict(rows)}
    facts["transform"] = TextTransform().model_dump(mode="json")
    return store.publish(Manifest("dataset", "d" * 64, files, facts))


def text_params(
    model: Mapping[str, Any] | None = None,
    augment: Mapping[str, float] | None = None,
    **train: Any,
) -> dict[str, Any]:
    """Return the parameters of the stage `train`; keywords change ``train``."""
    spec = {"epochs": 6, "batch_size": 32, "learning_rate": 0.01, **train}
    tokens = {"vocabulary": 100, "min_count": 1, "length": 10}
    small = {"kind": "text_cnn", "embedding": 8, "filters": 8, "widths": [1, 2], "dropout": 0.1}
    return {
        "modality": "text",
        "model": {"tokens": tokens, **(model or small)},
        "augment": TextAugmentation(**(augment or {})).model_dump(mode="json"),
        "train": Training(**spec).model_dump(mode="json"),
    }


def sum_graph(weights: Any, length: int) -> onnx.ModelProto:
    """Return softmax(sum of the weights of a text's words)."""
    nodes = [
        helper.make_node("Gather", ["weights", "ids"], ["each"]),
        helper.make_node("ReduceSum", ["each", "axes"], ["logits"], keepdims=0),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    tensors = [
        numpy_helper.from_array(np.float32(weights), "weights"),
        numpy_helper.from_array(np.array([1], np.int64), "axes"),
    ]
    given = helper.make_tensor_value_info("ids", TensorProto.INT32, ["batch", length])
    made = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 2])
    body = helper.make_graph(nodes, "sum", [given], [made], tensors)
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


class Forgetful:
    """Checkpoints that keep nothing."""

    def save(self, name: str, path: Path) -> None:
        pass

    def load(self, name: str, path: Path) -> bool:
        return False


@pytest.fixture
def dataset(tmp_path: Path) -> Artifact:
    """240 training, 60 validation and 60 test messages of two classes."""
    return text_dataset(tmp_path / "dataset")


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[..., Artifact]:
    """Return a function: rows a side -> dataset."""
    return lambda rows: text_dataset(tmp_path / "made", rows)


@pytest.fixture(scope="session")
def params() -> Callable[..., dict[str, Any]]:
    """Return a function to the parameters of the stage `train`."""
    return text_params


@pytest.fixture(name="write_texts", scope="session")
def _write_texts() -> Callable[[Path, list[str], list[str]], None]:
    """Return a function: path, texts, labels -> a side of a dataset."""
    return write_texts


@pytest.fixture
def bundle(tmp_path: Path) -> Artifact:
    """Words `win` and `prize` speak for spam by 3 and 1, `lunch` for ham by 2."""
    store = Store((tmp_path / "bundles").as_uri())
    encoder = TokenEncoder(VOCABULARY, 8)
    onnx.save(sum_graph(WEIGHTS, 8), tmp_path / "model.onnx")
    document = {
        "format": 2,
        "records": {"modality": "text"},
        "labels": list(LABELS),
        "input": encoder.to_document(),
    }
    (tmp_path / "bundle.json").write_text(json.dumps(document))
    files = {name: store.put(tmp_path / name) for name in ("model.onnx", "bundle.json")}
    return store.publish(Manifest("bundle", "b" * 64, files, {}))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Artifact, StageContext, StageResult]:
    """A dataset, the context of `train` on it and its result; made once, not to be changed."""
    from millrace.learning import train

    folder = tmp_path_factory.mktemp("texts")
    dataset = text_dataset(folder / "dataset")
    for part in ("output", "scratch"):
        (folder / part).mkdir()
    context = StageContext(
        params=text_params(),
        locations={},
        inputs={"dataset": [dataset]},
        output=folder / "output",
        scratch=folder / "scratch",
        checkpoints=Forgetful(),
        report=lambda event: None,
    )
    return dataset, context, train.run(context)
