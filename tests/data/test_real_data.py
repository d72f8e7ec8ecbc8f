"""The public data sets, as they are."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.data

T10K = (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)
CIFAR_TEST = (103, 89, 100, 103, 90, 86, 112, 102, 106, 109)
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
CIFAR_SHA = "8314c96d7cd65618193bab23acdd5d4c4af15bf6dd00a1781d55beedf3be1ef5"


@pytest.fixture
def data() -> Path:
    folder = os.environ.get("MILLRACE_DATA")
    if not folder:
        pytest.skip("MILLRACE_DATA does not name the folder of the public data sets")
    return Path(folder)


def mnist(data: Path, name: str, **values: Any) -> dict[str, Any]:
    uris = {
        k: str(data / f"mnist/{name}-{k}-idx{n}-ubyte.gz")
        for k, n in (("images", 3), ("labels", 1))
    }
    return {"name": name, "kind": "idx", **uris, "sha256": {}, "partition_rows": 10_000} | values


def cifar(data: Path, name: str, pattern: str, **values: Any) -> dict[str, Any]:
    uri = str(data / "cifar10/cifar-10-binary-subset.tar.gz")
    names = {"members": [pattern], "class_names": "*batches.meta.txt", "sha256": None}
    return {"name": name, "kind": "cifar", "uri": uri, "partition_rows": 10_000} | names | values


def test_mnist_arrives_whole(bench: Any, data: Path) -> None:
    sources = [mnist(data, "train"), mnist(data, "t10k", split="test")]
    made = bench.dataset(*sources, size=(28, 28), validation=0.1)
    counts = made.result.counts
    assert (counts.received, counts.quarantined, counts.duplicates) == (70_000, 0, 0)
    facts = made.result.facts
    assert tuple(facts["class_counts"]["test"].values()) == T10K
    assert facts["rows"]["test"] == 10_000
    assert abs(facts["rows"]["validation"] - 6_000) < 300


def test_a_limit_of_mnist_reads_little(bench: Any, data: Path) -> None:
    made = bench.dataset(mnist(data, "train"), size=(28, 28), limit=1_000)
    assert made.result.counts.received == 1_000


def test_cifar_arrives_with_its_names_and_bytes(bench: Any, data: Path) -> None:
    source = cifar(data, "test", "*test_batch*.bin")
    (partition,) = bench.discover(source)
    table = bench.collect(source, partition).table()
    assert Counter(table["label"].to_pylist()) == dict(zip(CLASSES, CIFAR_TEST, strict=True))
    digest = hashlib.sha256()
    for row in table.select(["label", "content"]).to_pylist():
        digest.update(bytes([CLASSES.index(row["label"])]))
        digest.update(b"".join(row["content"][channel::3] for channel in range(3)))
    assert digest.hexdigest() == CIFAR_SHA


def test_head_ct_pictures_of_any_size_become_canonical(bench: Any, data: Path) -> None:
    with zipfile.ZipFile(data / "head-ct-hemorrhage/head_ct.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".png"))
        pictures = [archive.read(name) for name in names]
    assert len(pictures) == 200
    cleaned = bench.clean(bench.raw(pictures, [str(int(n < 100)) for n in range(200)]))
    assert cleaned.result.counts.accepted == 199
    (duplicate,) = cleaned.table("duplicates.parquet").to_pylist()
    assert (duplicate["position"], duplicate["duplicate_of"]) == (189, "made/000000188")
    made = bench.transform(cleaned, size=[64, 64], channels=1, resize="fit")
    assert made.table().num_rows == 199
