"""A tiny table of two classes, as a dataset artifact, and a bundle trained on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.artifacts.tables import write_table
from millrace.workflow.learning import Training
from millrace.workflow.stage import StageContext, StageResult
from millrace.workflow.tables import TableAugmentation, TableTransform

LABELS = ("no", "yes")
ROWS = {"train": 240, "validation": 60, "test": 60}
COLUMNS = {
    "age": {"kind": "numeric", "missing": "median"},
    "fare": {"kind": "numeric", "missing": "mean"},
    "colour": {"kind": "category", "missing": "unknown"},
    "town": {"kind": "category", "missing": "most_frequent"},
}


def canonical(numbers: Any, categories: Sequence[Sequence[Any]], columns: Any) -> pa.Table:
    """Return canonical records of columns, their names sorted by kind."""
    described = {
        k: {n: columns[n] for n in sorted(columns) if columns[n]["kind"] == k} for k in KINDS
    }
    fields = [_field("numbers", pa.float64(), described["numeric"])]
    fields.append(_field("categories", pa.string(), described["category"]))
    rows = len(numbers)
    columns = {
        "record_id": [f"made/{row:05d}" for row in range(rows)],
        "source": ["made"] * rows,
        "content_digest": pa.array([row.to_bytes(16) for row in range(rows)], pa.binary(16)),
    }
    table = pa.table(columns)
    for field, values in zip(fields, (numbers, categories), strict=True):
        lists = [list(map(_plain, row)) for row in values]
        table = table.append_column(field, pa.array(lists, field.type))
    return table


KINDS = ("numeric", "category")


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, np.floating) else value


def _field(name: str, kind: pa.DataType, columns: Mapping[str, Any]) -> pa.Field:
    metadata = {"millrace.columns": json.dumps(columns)}
    return pa.field(name, pa.list_(kind), nullable=False, metadata=metadata)


def people(rows: int, seed: int) -> tuple[pa.Table, list[str]]:
    """Return records and labels: fare and colour tell the class; some values are missing."""
    random = np.random.default_rng(seed)
    classes = random.integers(0, 2, rows)
    numbers = np.stack([random.normal(40, 12, rows), random.normal(1e9 + 50 * classes, 10)], 1)
    numbers[random.random((rows, 2)) < 0.1] = np.nan
    colours = np.array([["red", "blue"], ["green", "blue"]])[classes, random.integers(0, 2, rows)]
    towns = random.choice(["Ulm", "Köln", "北京"], rows, p=[0.6, 0.3, 0.1])
    categories = [list(pair) for pair in zip(colours.tolist(), towns.tolist(), strict=True)]
    for row in np.flatnonzero(random.random(rows) < 0.1).tolist():
        categories[row][seed % 2] = None
    columns = TableTransform(columns=COLUMNS).model_dump(mode="json")["columns"]
    return canonical(numbers, categories, columns), [LABELS[index] for index in classes]


def priced(table: pa.Table, seed: int) -> list[str]:
    """Return labels that are numbers: twice the fare's part above a milliard, 100 more for red."""
    random = np.random.default_rng(seed)
    fares = np.nan_to_num([fare for _, fare in table["numbers"].to_pylist()], nan=1e9) - 1e9
    red = np.array([colours[0] == "red" for colours in table["categories"].to_pylist()])
    return [repr(price) for price in (500 + 2 * fares + 100 * red + random.normal(0, 3)).tolist()]


def table_dataset(
    folder: Path, rows: Mapping[str, int] = ROWS, target: Mapping[str, Any] | None = None
) -> Artifact:
    """Return a dataset artifact with these rows a side, and a quarantine; of numbers by a target.

    A target may say ``scale``, by which its numbers are multiplied.
    """
    folder.mkdir(parents=True, exist_ok=True)
    store = Store((folder / "store").as_uri())
    files = {}
    for seed, (side, count) in enumerate(rows.items()):
        table, labels = people(count, seed)
        if target is not None:
            factor = target.get("scale", 1)
            labels = [repr(factor * float(label)) for label in priced(table, seed)]
        table = table.append_column("label", pa.array(labels, pa.string()))
        path = folder / f"{side}.parquet"
        write_table(path, table.schema, [table])
        files[path.name] = store.put(path)
    refused = {
        "record_id": ["made/1", "made/2"],
        "reason": ["wrong_type", "undecodable"],
        "detail": ["age: 'x' is no number", "no JSON: " + "x" * 500],
        "content": [b'{"age":"x"}', b"\xff\xfe broken \x00 <b>"],
    }
    table = pa.table(refused)
    write_table(folder / "quarantine.parquet", table.schema, [table])
    files["quarantine.parquet"] = store.put(folder / "quarantine.parquet")
    transform = TableTransform(columns=COLUMNS).model_dump(mode="json")
    records = {"modality": "table", "numbers": 2, "categories": 2}
    facts = {"labels": list(LABELS), "records": records, "rows": dict(rows)}
    facts["transform"] = transform
    if target is not None:
        facts |= {"labels": [], "target": {k: v for k, v in target.items() if k != "scale"}}
    return store.publish(Manifest("dataset", "d" * 64, files, facts))


def table_params(model: Mapping[str, Any] | None = None, **train: Any) -> dict[str, Any]:
    """Return the parameters of the stage `train`; keywords change ``train``."""
    spec = {"epochs": 12, "batch_size": 32, "learning_rate": 0.02, **train}
    small = {"kind": "table_mlp", "hidden": [16], "dropout": 0.0, "embedding": 4}
    return {
        "modality": "table",
        "model": small | dict(model or {}),
        "augment": TableAugmentation(noise=0.05, unknown=0.05).model_dump(mode="json"),
        "train": Training(**spec).model_dump(mode="json"),
    }


class Forgetful:
    """Checkpoints that keep nothing."""

    def save(self, name: str, path: Path) -> None:
        pass

    def load(self, name: str, path: Path) -> bool:
        return False


@pytest.fixture
def rows() -> Callable[..., pa.Table]:
    """Return a function to canonical records: numbers, categories, columns."""
    return canonical


@pytest.fixture
def dataset(tmp_path: Path) -> Artifact:
    """240 training, 60 validation and 60 test records of two classes."""
    return table_dataset(tmp_path / "dataset")


def number_params(target: Mapping[str, Any], **train: Any) -> dict[str, Any]:
    """Return the parameters of the stage `train` for numbers."""
    loss = train.pop("loss", "huber")
    params = table_params(**train)
    told = {k: v for k, v in target.items() if k != "scale"}
    return {**params, "train": {**params["train"], "loss": loss}, "target": told}


def fit(
    folder: Path, params: Mapping[str, Any], target: Mapping[str, Any] | None = None
) -> tuple[Artifact, StageContext, StageResult]:
    """Train in a folder."""
    from millrace.learning import train

    dataset = table_dataset(folder / "dataset", target=target)
    for part in ("output", "scratch"):
        (folder / part).mkdir()
    context = StageContext(
        params=params,
        locations={},
        inputs={"dataset": [dataset]},
        output=folder / "output",
        scratch=folder / "scratch",
        checkpoints=Forgetful(),
        report=lambda event: None,
    )
    return dataset, context, train.run(context)


def published(context: StageContext, result: StageResult) -> Artifact:
    """Return the bundle that a stage wrote, as an artifact."""
    store = Store((context.scratch / "store").as_uri())
    names = [p for p in sorted(context.output.rglob("*")) if p.is_file()]
    files = {p.relative_to(context.output).as_posix(): store.put(p) for p in names}
    return store.publish(Manifest("bundle", "e" * 64, files, result.facts))


@pytest.fixture
def train_with(tmp_path: Path) -> Callable[..., Artifact]:
    """Return a function: values of the model, keywords of `train` -> bundle."""

    def made(model: Mapping[str, Any] | None = None, **train: Any) -> Artifact:
        _, context, result = fit(tmp_path, table_params(model, **train))
        return published(context, result)

    return made


@pytest.fixture
def train_numbers(tmp_path: Path) -> Callable[..., tuple[Artifact, Artifact, StageResult]]:
    """Return a function: target, keywords of `train` -> dataset, bundle and result."""

    def made(target: Mapping[str, Any], **train: Any) -> tuple[Artifact, Artifact, StageResult]:
        dataset, context, result = fit(tmp_path, number_params(target, **train), target)
        return dataset, published(context, result), result

    return made


@pytest.fixture
def number_dataset(tmp_path: Path) -> Callable[[Mapping[str, Any]], Artifact]:
    """Return a function from a target to a dataset labelled with numbers."""
    return lambda target: table_dataset(tmp_path / "dataset", target=target)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Artifact, Artifact]:
    """A dataset and the bundle trained on it; made once, not to be changed."""
    dataset, context, result = fit(tmp_path_factory.mktemp("tables"), table_params())
    return dataset, published(context, result)
