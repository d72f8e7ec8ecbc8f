"""The whole way from the bundled digits to a data set."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pyarrow as pa
import pytest

SIDES = ("train", "validation", "test")


def test_every_digit_arrives_once_with_its_picture(bench: Any) -> None:
    made = bench.dataset(bench.digits(), size=(8, 8))
    counts = made.result.counts
    assert counts.received == 1797 == counts.accepted + counts.quarantined + counts.duplicates
    assert made.result.facts["labels"] == [str(digit) for digit in range(10)]
    assert made.result.facts["records"]["shape"] == [8, 8, 1]
    ids = pa.concat_tables([made.table(f"{side}.parquet") for side in SIDES])["record_id"]
    assert len(set(ids.to_pylist())) == counts.accepted
    first = made.table("train.parquet").slice(0, 1).to_pylist()[0]
    assert first["split"] == "train"
    assert len(first["image"]) == 64
    assert max(first["image"]) == 255


@pytest.mark.parametrize("rows", [100, 400, 1000])
def test_the_cut_of_a_source_does_not_change_the_data_set(bench: Any, rows: int) -> None:
    whole = bench.dataset(bench.digits(), size=(8, 8))
    cut = bench.dataset(bench.digits(partition_rows=rows), size=(8, 8))
    assert cut.digest == whole.digest


def test_a_limit_takes_the_first_records(bench: Any) -> None:
    partitions = bench.discover(bench.digits(partition_rows=100), limit=250)
    assert [(p["start"], p["stop"]) for p in partitions] == [(0, 100), (100, 200), (200, 250)]


def test_discovery_imports_nothing_heavy() -> None:
    code = """
import sys
from millrace.data import discover
from millrace.data.sources.reader import open_reader
open_reader({"name": "d", "kind": "sklearn", "partition_rows": 100}).partitions()
for module in ("idx", "cifar"):
    __import__(f"millrace.data.sources.{module}")
heavy = {"numpy", "pyarrow", "pandas", "sklearn", "PIL", "fsspec", "aiohttp"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else 0)
"""
    environment = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
