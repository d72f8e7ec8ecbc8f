"""A tiny dataset artifact: bright squares in one of three corners, learnt in a few epochs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.artifacts.tables import image_field, images_to_column, write_table
from millrace.workflow.images import ImageAugmentation, ImageTransform
from millrace.workflow.learning import Training
from millrace.workflow.stage import StageContext, StageResult

_OF_KERAS = "ignore:__array__ implementation:DeprecationWarning"  # with numpy 2, on every read

SHAPE = (8, 8, 1)
LABELS = ("left", "middle", "right")
ROWS = {"train": 240, "validation": 60, "test": 60}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let Keras' own warning pass, which is no fault of ours."""
    for item in items:
        if item.get_closest_marker("tensorflow"):
            item.add_marker(pytest.mark.filterwarnings(_OF_KERAS))


class FolderCheckpoints:
    """Checkpoints in a folder, as an executor keeps them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, name: str, path: Path) -> None:
        part = self.folder / f"{name}.part"
        shutil.copyfile(path, part)
        part.replace(self.folder / name)

    def load(self, name: str, path: Path) -> bool:
        if not (self.folder / name).exists():
            return False
        shutil.copyfile(self.folder / name, path)
        return True


@dataclass
class Run:
    """A stage's context and what it reported."""

    context: StageContext
    reports: list[Mapping[str, Any]] = field(default_factory=list)


def pictures(rows: int, seed: int, shape: tuple[int, int, int] = SHAPE) -> tuple[Any, Any]:
    """Return noise with a bright square whose column tells the class."""
    random = np.random.default_rng(seed)
    classes = random.integers(0, len(LABELS), rows)
    images = random.integers(0, 60, (rows, *shape), dtype=np.uint8)
    for image, index in zip(images, classes, strict=True):
        image[2:6, 3 * index : 3 * index + 2] = 230
    return images, classes


def write_side(path: Path, images: Any, labels: list[str | None]) -> None:
    """Write one side of a dataset."""
    rows = len(images)
    schema = pa.schema(
        [
            ("record_id", pa.string()),
            ("source", pa.string()),
            ("label", pa.string()),
            ("content_digest", pa.binary(16)),
            image_field("image", images.shape[1:]),
        ]
    )
    columns = [
        pa.array([f"corners/{path.stem}{row:05d}" for row in range(rows)], pa.string()),
        pa.array(["corners"] * rows, pa.string()),
        pa.array(labels, pa.string()),
        pa.array([row.to_bytes(16) for row in range(rows)], pa.binary(16)),
        images_to_column(images),
    ]
    write_table(path, schema, [pa.table(columns, schema=schema)])


def _dataset(folder: Path, rows: Mapping[str, int], only: str | None = None) -> Artifact:
    """Return a dataset artifact with these rows a side; `only` gives every record that label."""
    store = Store((folder / "store").as_uri())
    files = {}
    for seed, (side, count) in enumerate(rows.items()):
        images, classes = pictures(count, seed)
        path = folder / f"{side}.parquet"
        write_side(path, images, [only or LABELS[index] for index in classes])
        files[path.name] = store.put(path)
    records = {"modality": "image", "shape": list(SHAPE)}
    facts = {"labels": list(LABELS), "records": records, "rows": dict(rows)}
    facts["transform"] = ImageTransform(size=SHAPE[:2], channels=1).model_dump(mode="json")
    return store.publish(Manifest("dataset", "d" * 64, files, facts))


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[..., Artifact]:
    """Return a function: rows a side, and a label for all records or None -> dataset."""
    return lambda rows, only=None: _dataset(tmp_path, rows, only)


@pytest.fixture
def dataset(tmp_path: Path) -> Artifact:
    """240 training, 60 validation and 60 test records of three classes."""
    return _dataset(tmp_path, ROWS)


@pytest.fixture
def stage(tmp_path: Path) -> Callable[..., Run]:
    """Return a function that makes a stage's context: ``stage(dataset, params, name="…")``."""
    return lambda dataset, params, name="job": _run(tmp_path / name, dataset, params)


@pytest.fixture(scope="session")
def params() -> Callable[..., dict[str, Any]]:
    """Return a function to the parameters of the stage `train`; keywords change ``train``."""
    return _params


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Artifact, Run, StageResult]:
    """A dataset, the run of `train` on it and its result; made once, not to be changed."""
    from millrace.learning import train

    folder = tmp_path_factory.mktemp("trained")
    dataset = _dataset(folder, ROWS)
    run = _run(folder / "job", dataset, _params(explain=True))
    return dataset, run, train.run(run.context)


def _run(folder: Path, dataset: Artifact, params: Mapping[str, Any]) -> Run:
    for part in ("output", "scratch"):
        shutil.rmtree(folder / part, ignore_errors=True)
        (folder / part).mkdir(parents=True)
    reports: list[Mapping[str, Any]] = []
    context = StageContext(
        params=params,
        locations={},
        inputs={"dataset": [dataset]},
        output=folder / "output",
        scratch=folder / "scratch",
        checkpoints=FolderCheckpoints(folder / "checkpoints"),
        report=reports.append,
    )
    return Run(context, reports)


def _params(model: Mapping[str, Any] | None = None, **train: Any) -> dict[str, Any]:
    spec = {"epochs": 3, "batch_size": 32, "learning_rate": 0.01, "average_weights": 0.9}
    spec |= {"explain": False, **train}
    return {
        "modality": "image",
        "model": model or {"kind": "cnn", "width": 8, "stages": 2, "dropout": 0.2},
        "augment": ImageAugmentation(shift=0.05, noise=0.02).model_dump(mode="json"),
        "train": Training(**spec).model_dump(mode="json"),
    }
