"""Training records that are changed at random: the same ones wherever a training goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from millrace.artifacts.tables import write_table
from millrace.learning.dataset import DatasetSplit
from millrace.learning.training.feed import MemoryFeed
from millrace.learning.training.finished import BLOCK, FinishedFeed, open_learnt_feed

ROWS = 2 * BLOCK + 100


class Numbers:
    """A split in memory: its values are their places."""

    rows = ROWS

    def load(self) -> tuple[Any, Any]:
        return np.arange(ROWS), np.arange(ROWS, dtype=np.int32)


def noisy(values: Any, random: np.random.Generator) -> Any:
    return values + random.random(len(values))


def feed(seed: int = 7) -> FinishedFeed:
    return FinishedFeed(MemoryFeed(Numbers(), seed), noisy, seed)  # type: ignore[arg-type]


def read(start: int, step: int, epoch: int = 1, seed: int = 7) -> tuple[Any, Any]:
    reader = feed(seed).epoch(epoch, start)
    sizes = [min(step, ROWS - at) for at in range(start, ROWS, step)]
    parts = [reader.take(rows) for rows in sizes]
    inputs, classes = zip(*parts, strict=True)
    return np.concatenate(inputs), np.concatenate(classes)


@pytest.mark.parametrize("start", [0, 1, 17, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 99])
@pytest.mark.parametrize("step", [37, 5_000])
def test_an_epoch_goes_on_anywhere_as_if_it_had_not_been_interrupted(start: int, step: int) -> None:
    whole, classes = read(0, 1_000)
    rest, rest_classes = read(start, step)
    np.testing.assert_array_equal(rest, whole[start:])
    np.testing.assert_array_equal(rest_classes, classes[start:])


def test_values_keep_their_classes_and_each_is_read_once() -> None:
    inputs, classes = read(0, 640)
    np.testing.assert_array_equal(np.floor(inputs).astype(int), classes)
    assert sorted(classes.tolist()) == list(range(ROWS))


def test_every_block_epoch_and_seed_draws_anew() -> None:
    def drawn(epoch: int, seed: int) -> Any:
        inputs, _ = read(0, 1_000, epoch, seed)
        return inputs - np.floor(inputs)

    one = drawn(1, 7)
    assert not np.isclose(one[:100], one[BLOCK : BLOCK + 100]).any()
    assert not np.isclose(one, drawn(2, 7)).all()
    assert not np.isclose(one, drawn(1, 8)).all()


@dataclass
class Learnt:
    """What the feed asks of what was learnt, of texts."""

    encoder: Any
    finish: Any
    seen: list[Any] = field(default_factory=list)

    def values(self, records: pa.Table) -> Any:
        return records["text"].to_numpy()


class Lengths:
    columns = ("text",)
    name, shape, dtype = "lengths", (1,), "int32"

    def check(self, schema: pa.Schema) -> None:
        pass

    def __call__(self, records: pa.Table) -> Any:
        return np.array([[len(text)] for text in records["text"].to_pylist()], np.int32)


def lengths(values: Any, random: np.random.Generator) -> Any:
    return np.array([[len(text)] for text in values], np.int32)


@pytest.fixture
def split(tmp_path: Any) -> DatasetSplit:
    texts = ["x" * (n % 50) for n in range(20_000)]
    table = pa.table({"text": texts, "label": [("a", "b")[len(t) % 2] for t in texts]})
    write_table(tmp_path / "train.parquet", table.schema, [table])
    return DatasetSplit("train", tmp_path / "train.parquet", ("a", "b"), Lengths())


@pytest.mark.parametrize("fits", [1 << 30, 1_000])
def test_values_of_any_kind_are_fed_from_memory_and_from_disk(split: Any, fits: int) -> None:
    opened = open_learnt_feed(split, 7, Learnt(split.encoder, lengths), fits)  # type: ignore[arg-type]
    reader = opened.epoch(1, 5_000)
    inputs, classes = reader.take(15_000)
    assert inputs.shape == (15_000, 1)
    np.testing.assert_array_equal(inputs[:, 0] % 2, classes)


def test_without_changes_inputs_are_made_once(split: Any) -> None:
    opened = open_learnt_feed(split, 7, Learnt(split.encoder, None))  # type: ignore[arg-type]
    assert isinstance(opened, MemoryFeed)
