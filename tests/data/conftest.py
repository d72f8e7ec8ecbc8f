"""Running the data stages on small real files, through real artifacts in a store on disk."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.digests import digest_value
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.artifacts.tables import write_table
from millrace.data import clean, collect, discover, integrate, transform
from millrace.data.encoding import PixelEncoding
from millrace.data.schemas import RAW
from millrace.data.sources.partition import split_document
from millrace.data.sources.reader import keyed
from millrace.workflow.images import ImageCleaning, ImageTransform
from millrace.workflow.learning import Split
from millrace.workflow.stage import StageContext, StageResult


class NoCheckpoints:
    def save(self, name: str, path: Path) -> None: ...

    def load(self, name: str, path: Path) -> bool:
        return False


class Files:
    """Makes source files of known bytes, and the documents that describe them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def write(self, name: str, data: bytes, *, compress: bool = False) -> Path:
        path = self.folder / name
        path.write_bytes(gzip.compress(data, mtime=0) if compress else data)
        return path

    @staticmethod
    def pixels(count: int, shape: tuple[int, ...], seed: int = 0) -> np.ndarray[Any, Any]:
        """Return pictures of noise, all different."""
        return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)

    @staticmethod
    def idx(array: np.ndarray[Any, Any]) -> bytes:
        """Return an array (count) or (count, height, width) as IDX bytes."""
        header = struct.pack(f">I{array.ndim}I", 2048 + array.ndim, *array.shape)
        return header + array.astype(np.uint8).tobytes()

    def idx_source(self, images: Any, labels: Any, **values: Any) -> dict[str, Any]:
        """Write an IDX source of pictures (count, height, width) and labels (count)."""
        name, compress = values.pop("name", "tiny"), values.pop("compress", False)
        ending = ".gz" if compress else ""
        paths = {
            "images": self.write(f"{name}-images{ending}", self.idx(images), compress=compress),
            "labels": self.write(
                f"{name}-labels{ending}", self.idx(np.asarray(labels)), compress=compress
            ),
        }
        uris = {field: str(path) for field, path in paths.items()}
        document = {"name": name, "kind": "idx", **uris, "sha256": {}, "partition_rows": 10_000}
        return document | {"label_map": {}, "split": None} | values

    @staticmethod
    def cifar(labels: Sequence[int], images: np.ndarray[Any, Any]) -> bytes:
        """Return records of labels and pictures (count, 32, 32, 3)."""
        planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
        return np.hstack([np.array(labels, np.uint8)[:, None], planes]).tobytes()

    def tar(self, name: str, members: Mapping[str, bytes]) -> Path:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz" if name.endswith("gz") else "w") as archive:
            for member, data in members.items():
                entry = tarfile.TarInfo(member)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
        return self.write(name, buffer.getvalue())

    def cifar_source(self, path: Path, **values: Any) -> dict[str, Any]:
        document = {"name": "cifar", "kind": "cifar", "uri": str(path), "partition_rows": 10_000}
        rest = {"members": ["*data_batch_*.bin"], "sha256": None, "class_names": "*meta.txt"}
        return document | rest | values


@dataclass
class Made:
    """An artifact and the result that describes it."""

    artifact: Artifact
    result: StageResult

    def table(self, name: str = "records.parquet") -> pa.Table:
        return pq.read_table(self.artifact.path(name))

    @property
    def digest(self) -> str:
        return self.artifact.manifest.digest


@dataclass
class Bench:
    """Runs stages one by one, as the jobs layer does: contexts in, artifacts out."""

    root: Path
    store: Store = field(init=False)
    count: int = 0

    def __post_init__(self) -> None:
        self.store = Store((self.root / "store").as_uri())

    def run(
        self,
        stage: Any,
        params: Mapping[str, Any],
        inputs: Mapping[str, Sequence[Made]] | None = None,
        locations: Mapping[str, Any] | None = None,
    ) -> Made:
        self.count += 1
        output, scratch = (self.root / f"{self.count}-{n}" for n in ("output", "scratch"))
        output.mkdir()
        scratch.mkdir()
        artifacts = {r: [made.artifact for made in m] for r, m in (inputs or {}).items()}
        result = stage.run(
            StageContext(
                params=params,
                locations=locations or {},
                inputs=artifacts,
                output=output,
                scratch=scratch,
                checkpoints=NoCheckpoints(),
                report=lambda progress: None,
            )
        )
        if result.counts is not None:
            assert result.counts.reconciles, result.counts
        files = {p.name: self.store.put(p) for p in sorted(output.iterdir())}
        key = digest_value([stage.__name__, self.count])
        manifest = Manifest(result.kind, key, files, dict(result.facts), result.rows)
        return Made(self.store.publish(manifest), result)

    @staticmethod
    def digits(name: str = "digits", **values: Any) -> dict[str, Any]:
        """The document of the bundled digits."""
        document = {"name": name, "kind": "sklearn", "dataset": "digits", "partition_rows": 10_000}
        return document | values

    def discover(self, *sources: Mapping[str, Any], limit: int | None = None) -> list[Any]:
        made = self.run(discover, {"limit": limit}, locations={"sources": list(sources)})
        return list(made.result.facts["partitions"])

    def collect(self, source: Mapping[str, Any], partition: Mapping[str, Any]) -> Made:
        content, at = split_document(partition)
        params = {"kind": source["kind"], "read": keyed(source), "partition": content}
        locations = {"source": source, "at": at}
        return self.run(collect, params, locations=locations)

    def raw(self, pictures: Sequence[Any], labels: Sequence[str | None], **values: Any) -> Made:
        """Make collected records of pictures: arrays (height, width, channels), or files' bytes."""
        name, maximum = values.get("name", "made"), values.get("maximum", 255)
        start, groups = values.get("start", 0), values.get("groups") or [None] * len(labels)
        rows = [
            {
                "record_id": f"{name}/{start + n:09d}",
                "source": name,
                "position": start + n,
                "origin": f"{name}.bin#{start + n}",
                "group": groups[n],
                "label": label,
                "content": p.tobytes() if isinstance(p, np.ndarray) else p,
                "encoding": (
                    str(PixelEncoding.of(p[np.newaxis], maximum))
                    if isinstance(p, np.ndarray)
                    else values.get("encoding", "file")
                ),
            }
            for n, (p, label) in enumerate(zip(pictures, labels, strict=True))
        ]

        class Making:
            @staticmethod
            def run(context: StageContext) -> StageResult:
                table = pa.Table.from_pylist(rows, schema=RAW)
                write_table(context.output / "records.parquet", RAW, [table])
                return StageResult(kind="records", rows=len(rows))

        return self.run(Making, {})

    def clean(
        self,
        records: Made,
        *,
        labels: Sequence[str] = (),
        label_map: Mapping[str, str | None] | None = None,
        labelled: bool = True,
        reduce_to: Sequence[int] | None = None,
        **rules: Any,
    ) -> Made:
        params = {
            "modality": "image",
            "reduce_to": reduce_to,
            "rules": ImageCleaning(**rules).model_dump(mode="json"),
            "label_map": label_map or {},
            "labels": list(labels),
            "labelled": labelled,
        }
        return self.run(clean, params, {"records": [records]})

    def transform(self, records: Made, **values: Any) -> Made:
        values = ImageTransform(**values).model_dump(mode="json")
        params = {"modality": "image", "transform": values}
        return self.run(transform, params, {"records": [records]})

    def integrate(
        self,
        records: Sequence[Made],
        cleaned: Sequence[Made],
        *,
        sources: Mapping[str, str | None],
        labels: Sequence[str] = (),
        duplicates: str = "exact",
        near_duplicates: str = "group",
        near_conflicts: str = "keep",
        budget: Mapping[str, float] | None = None,
        **split: Any,
    ) -> Made:
        params = {
            "split": Split(**split).model_dump(mode="json"),
            "sources": dict(sources),
            "labels": list(labels),
            "modality": "image",
            "rules": {"duplicates": duplicates, "near_duplicates": near_duplicates},
            "near_conflicts": near_conflicts,
            "budget": {"default": 1.0} if budget is None else dict(budget),
        }
        return self.run(integrate, params, {"records": records, "cleaned": cleaned})

    def dataset(self, *sources: Mapping[str, Any], size: Sequence[int], **values: Any) -> Made:
        """Run all stages over some sources."""
        by_name = {source["name"]: source for source in sources}
        partitions = self.discover(*sources, limit=values.pop("limit", None))
        rules = values.pop("rules", {})
        channels = values.pop("channels", 1)
        raw = [self.collect(by_name[p["source"]], p) for p in partitions]
        labels = values.get("labels", ())
        cleaned = [
            self.clean(r, labels=labels, label_map=by_name[p["source"]].get("label_map"), **rules)
            for r, p in zip(raw, partitions, strict=True)
        ]
        made = [self.transform(c, size=size, channels=channels) for c in cleaned]
        fixed = {name: source.get("split") for name, source in by_name.items()}
        return self.integrate(made, cleaned, sources=fixed, **values)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    (tmp_path / "bench").mkdir()
    return Bench(tmp_path / "bench")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "files")
