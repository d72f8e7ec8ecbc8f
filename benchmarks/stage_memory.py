"""Peak memory of every stage but training, as the data grows.

Usage: ``MNIST=<folder> python benchmarks/stage_memory.py [--factors 1 3] [--folder DIR] [--keep]``

The data are MNIST so many times over, each copy with a few pixels of its border changed, so that
copies are near duplicates of each other and never equal. Each stage runs in a process of its own
over all its partitions; the figure is the largest resident size of that process in MiB, its imports
included. The first row is a process that imports the same and does nothing.

``--factors 1 10 50`` takes 15 GB of disk and half an hour. MNIST's pictures are too small to have
fingerprints, so ``integrate, near`` gives its records made-up ones: unlike for nine of ten, and the
tenth is a near duplicate of the one before.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "include"))

import numpy as np
import pyarrow as pa
from common import PROJECT, machine, own_home
from stages import Made, Stages, facts_file

from millrace.machine import peak_memory

_FILES = {"train": 60_000, "t10k": 10_000}
_SIDE = 28
_NAMES = (
    *("nothing", "discover", "collect", "clean", "transform", "integrate"),
    *("fingerprint", "integrate, near", "predict", "baseline", "evaluate"),
)


def main() -> None:
    """Measure, or run one stage in this process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--factors", type=int, nargs="+", default=[1, 3], help="(default 1 3)")
    parser.add_argument("--stages", nargs="+", choices=_NAMES, default=_NAMES, help="(all)")
    parser.add_argument("--folder", type=Path, help="where the data lie (default: temporary)")
    parser.add_argument("--keep", action="store_true", help="leave the data in --folder")
    parser.add_argument("--child", nargs=2, metavar=("STAGE", "ROOT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        stage, root = arguments.child
        print(json.dumps(_run(stage, Path(root))))
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        folder = arguments.folder if arguments.keep else Path(temporary)
        figures = {
            factor: _measure(folder, factor, arguments.stages) for factor in arguments.factors
        }
    _show(figures)


def _measure(folder: Path, factor: int, stages: list[str]) -> dict[str, Any]:
    root = folder / f"{factor}x"
    if not (root / "sources.json").exists():
        _write_sources(Path(os.environ["MNIST"]), root, factor)
    figures = {}
    with own_home(MILLRACE_HOME=str(root / "home")):
        for stage in stages:
            command = [sys.executable, __file__, "--child", stage, str(root)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            figures[stage] = json.loads(done.stdout.splitlines()[-1])
            print(f"{factor}x {stage}: {figures[stage]}", file=sys.stderr)
    return figures


def _show(figures: Mapping[int, Mapping[str, Mapping[str, float]]]) -> None:
    factors = list(figures)
    print(f"\n### Peak memory, MiB ({machine()})\n")
    print(f"| stage | {' | '.join(f'{factor}x' for factor in factors)} | largest / first |")
    print("|---" * (len(factors) + 2) + "|")
    for stage in figures[factors[0]]:
        peaks = [figures[factor][stage]["MiB"] for factor in factors]
        row = " | ".join(f"{peak:,.0f}" for peak in peaks)
        print(f"| {stage} | {row} | {max(peaks) / peaks[0]:.2f} |")


def _write_sources(mnist: Path, root: Path, factor: int) -> None:
    """Write the four IDX files of `factor` copies, uncompressed."""
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
        sources.append({"name": name, "images": str(images), "labels": str(labels)})
    (root / "sources.json").write_text(json.dumps(sources))


def _idx(path: Path, header: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)


def _perturbed(images: Any, copy: int) -> Any:
    """Return pictures whose first pixels spell the copy's number; the first copy is as it was."""
    changed = images.copy()
    changed[:, 0:6] = [(copy >> bit & 1) * 40 for bit in range(6)]
    return changed


def _run(stage: str, root: Path) -> dict[str, float]:
    """Run a stage over all that it has; return the peak in MiB and the seconds."""
    step = getattr(_Work(root), stage.replace(", ", "_"))
    started = time.perf_counter()
    step()
    peak = peak_memory() / 2**20
    return {"MiB": round(peak), "seconds": round(time.perf_counter() - started, 1)}


class _Work:
    """The stages of ``mnist.yaml``, each over what the ones before it left below `root`."""

    def __init__(self, root: Path) -> None:
        from millrace.workflow.loader import load_file

        self._root = root
        self._stages = Stages(root)
        self._spec = load_file(PROJECT / "include/workflows/mnist.yaml")
        places = {place["name"]: place for place in json.loads((root / "sources.json").read_text())}
        documents = [source.model_dump(mode="json") for source in self._spec.sources]
        self._sources = [{**d, **places[d["name"]], "sha256": {}} for d in documents]

    def nothing(self) -> None:
        import duckdb  # noqa: F401
        import pyarrow.compute  # noqa: F401

        import millrace.data.integrate  # noqa: F401

    def discover(self) -> None:
        self._stages.run(
            "data.discover", "discover", {"limit": None}, None, {"sources": self._sources}
        )

    def collect(self) -> None:
        for number, partition, source in self._partitions():
            self._stages.collect(source, partition, f"collect-{number}")

    def clean(self) -> None:
        for number, _, source in self._partitions():
            raw = self._made(f"collect-{number}")
            self._stages.clean(self._spec, source, raw, f"clean-{number}")

    def transform(self) -> None:
        for number, _, _ in self._partitions():
            cleaned = self._made(f"clean-{number}")
            self._stages.transform(self._spec, cleaned, f"transform-{number}")

    def integrate(self) -> None:
        self._integrate("clean", "integrate")

    def fingerprint(self) -> None:
        for number, _, _ in self._partitions():
            _write_fingerprints(self._made(f"clean-{number}"), self._root / f"near-{number}")

    def integrate_near(self) -> None:
        self._integrate("near", "integrate-near")

    def _integrate(self, cleaned: str, name: str) -> None:
        numbers = [number for number, _, _ in self._partitions()]
        roles = [[self._made(f"{role}-{n}") for n in numbers] for role in ("transform", cleaned)]
        self._stages.integrate(self._spec, *roles, name)

    def predict(self) -> None:
        inputs = {"bundle": [self._bundle()], "records": [self._made("integrate")]}
        self._stages.run("learning.predict", "predict", {"file": "train.parquet"}, inputs)

    def baseline(self) -> None:
        params = self._spec.baseline.model_dump(mode="json")
        inputs = {"dataset": [self._made("integrate")]}
        self._stages.run("learning.baseline", "baseline", params, inputs)

    def evaluate(self) -> None:
        roles = {
            "dataset": self._made("integrate"),
            "baseline": self._made("baseline"),
            "bundle": self._bundle(),
            "champion": self._bundle(),
        }
        inputs = {role: [made] for role, made in roles.items()}
        self._stages.run("learning.evaluate", "evaluate", {"bootstrap": 1_000, "seed": 7}, inputs)

    def _partitions(self) -> list[tuple[int, Mapping[str, Any], Mapping[str, Any]]]:
        by_name = {source["name"]: source for source in self._sources}
        found = self._made("discover").facts["partitions"]
        return [(number, p, by_name[p["source"]]) for number, p in enumerate(found)]

    def _made(self, name: str) -> Made:
        return Made.open(self._root / name)

    def _bundle(self) -> Made:
        """Return a linear classifier of fixed weights: memory does not depend on how good it is."""
        folder = self._root / "bundle"
        if not folder.exists():
            _write_bundle(folder)
        return Made(folder, {})


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
        "format": 1,
        "task": "image_classification",
        "labels": labels,
        "input": {"shape": [_SIDE, _SIDE, 1], "dtype": "uint8"},
    }
    (folder / "bundle.json").write_text(json.dumps(document))


if __name__ == "__main__":
    main()
