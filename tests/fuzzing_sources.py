"""Small valid sources of every kind, for `fuzzing` to damage."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

import array_sources as made
from millrace.workflow.folder_sources import ImageFolderSource
from millrace.workflow.sources import CifarSource, IdxSource

ROWS, SIDE = 24, 8

Maker = Callable[[Path], dict[str, Any]]


def pictures(*shape: int) -> Any:
    return np.random.default_rng(7).integers(0, 256, (ROWS, *(shape or (SIDE, SIDE))), np.uint8)


LABELS = np.arange(ROWS) % 3


def encoded(suffix: str, image: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, suffix.upper())
    return buffer.getvalue()


def tree(suffix: str) -> dict[str, bytes]:
    colours = pictures(SIDE, SIDE, 3) if suffix in ("jpeg", "webp", "tiff") else pictures()
    return {
        f"{label}/{n}.{suffix}": encoded(suffix, image)
        for n, (label, image) in enumerate(zip(LABELS, colours, strict=True))
    }


def folder(suffix: str) -> Maker:
    def make(root: Path) -> dict[str, Any]:
        for name, data in tree(suffix).items():
            (root / "in" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "in" / name).write_bytes(data)
        return made.document(ImageFolderSource, kind="image_folder", uri=str(root / "in"))

    return make


def zipped(root: Path) -> dict[str, Any]:
    (root / "in").mkdir()
    with zipfile.ZipFile(root / "in" / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in tree("png").items():
            archive.writestr(name, data)
    return made.document(ImageFolderSource, kind="image_folder", uri=str(root / "in" / "a.zip"))


def tarred(members: dict[str, bytes], path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def tar(suffix: str) -> Maker:
    def make(root: Path) -> dict[str, Any]:
        path = root / "in" / f"a{suffix}"
        tarred(tree("jpeg"), path)
        return made.document(ImageFolderSource, kind="image_folder", uri=str(path))

    return make


def table(root: Path, compress: bool = False) -> dict[str, Any]:
    (root / "in").mkdir()
    text = made.csv_text(pictures(), LABELS).encode()
    return made.image_csv(root / "in", gzip.compress(text) if compress else text)


def arrays(root: Path) -> dict[str, Any]:
    (root / "in").mkdir()
    return made.npy(root / "in", pictures(), LABELS)


def zipped_arrays(root: Path) -> dict[str, Any]:
    (root / "in").mkdir()
    return made.npz(root / "in", {"x": pictures() / 255.0, "y": LABELS.astype("U3")}, maximum=1)


def hdf5(root: Path) -> dict[str, Any]:
    (root / "in").mkdir()
    options = {"chunks": (5, SIDE, SIDE), "compression": "gzip", "shuffle": True}
    datasets = {"images": pictures(), "labels": LABELS}
    return made.hdf5(root / "in", datasets, options=options)


def parquet_files(root: Path) -> dict[str, Any]:
    rows = [{"bytes": data, "path": None} for data in tree("png").values()]
    columns = pa.table({"image": rows, "label": LABELS})
    return made.parquet(root / "in", columns, row_group_size=5)


def parquet_lists(root: Path) -> dict[str, Any]:
    return made.parquet(root / "in", made.pixel_lists(pictures(), LABELS.astype(str).tolist()))


def idx(root: Path, compress: bool = False) -> dict[str, Any]:
    (root / "in").mkdir()
    places = {}
    for name, array in (("images", pictures()), ("labels", LABELS.astype(np.uint8))):
        header = struct.pack(f">I{array.ndim}I", 2048 + array.ndim, *array.shape)
        data = header + array.tobytes()
        places[name] = str(root / "in" / name)
        Path(places[name]).write_bytes(gzip.compress(data) if compress else data)
    return made.document(IdxSource, kind="idx", **places)


def cifar(root: Path, packed: bool = False) -> dict[str, Any]:
    (root / "in").mkdir()
    images = pictures(3, 32, 32).reshape(ROWS, -1)
    data = np.hstack([LABELS[:, None].astype(np.uint8), images]).tobytes()
    path = root / "in" / ("c.tar.gz" if packed else "c.bin")
    if packed:
        tarred({"c/data_batch_1.bin": data, "c/batches.meta.txt": b"a\nb\nc\n"}, path)
    else:
        path.write_bytes(data)
    return made.document(CifarSource, kind="cifar", uri=str(path))


KINDS: dict[str, Maker] = {
    **{name: folder(name) for name in ("png", "jpeg", "tiff", "webp", "gif", "bmp")},
    "zip": zipped,
    "tar": tar(".tar"),
    "tar.gz": tar(".tar.gz"),
    "csv": table,
    "csv.gz": lambda root: table(root, compress=True),
    "npy": arrays,
    "npz": zipped_arrays,
    "hdf5": hdf5,
    "parquet": parquet_files,
    "parquet lists": parquet_lists,
    "idx": idx,
    "idx.gz": lambda root: idx(root, compress=True),
    "cifar": cifar,
    "cifar.tar.gz": lambda root: cifar(root, packed=True),
}
