"""Sources of tables and arrays for tests: small valid files, and the documents that name them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from millrace.workflow import array_sources as specs


def document(spec: type[specs.Source], **values: Any) -> dict[str, Any]:
    """Return a source of a spec as JSON values."""
    return spec.model_validate({"name": "made"} | values).model_dump(mode="json")


def csv_text(images: Any, labels: Sequence[Any] | None, header: bool = True) -> str:
    """Return pictures (count, …) as Kaggle has them: label, pixel0, pixel1, …"""
    flat = np.asarray(images).reshape(len(images), -1)
    names = [f"pixel{n}" for n in range(flat.shape[1])]
    lines = [",".join(["label", *names] if labels is not None else names)] if header else []
    for n, row in enumerate(flat.tolist()):
        lines.append(",".join(map(str, row if labels is None else [labels[n], *row])))
    return "\n".join(lines) + "\n"


def image_csv(folder: Path, text: str | bytes, **values: Any) -> dict[str, Any]:
    path = folder / values.pop("file", "made.csv")
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return document(specs.ImageCsvSource, kind="image_csv", uri=str(path), **values)


def npy(folder: Path, images: Any, labels: Any = None, **values: Any) -> dict[str, Any]:
    np.save(folder / "images.npy", images)
    uris = {"images": str(folder / "images.npy")}
    if labels is not None:
        np.save(folder / "labels.npy", labels)
        uris["labels"] = str(folder / "labels.npy")
    return document(specs.NpySource, kind="npy", **uris, **values)


def npz(folder: Path, members: dict[str, Any], **values: Any) -> dict[str, Any]:
    save = np.savez_compressed if values.pop("compress", True) else np.savez
    save(folder / "made.npz", **members)
    return document(specs.NpzSource, kind="npz", uri=str(folder / "made.npz"), **values)


def hdf5(folder: Path, datasets: dict[str, Any], **values: Any) -> dict[str, Any]:
    options = values.pop("options", {})
    with h5py.File(folder / "made.h5", "w") as file:
        for name, data in datasets.items():
            file.create_dataset(name, data=data, **(options if name == "images" else {}))
    return document(specs.Hdf5Source, kind="hdf5", uri=str(folder / "made.h5"), **values)


def parquet(folder: Path, table: pa.Table, **values: Any) -> dict[str, Any]:
    file, rows = values.pop("file", "made.parquet"), values.pop("row_group_size", None)
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / file, row_group_size=rows)
    return document(specs.ParquetSource, kind="parquet", uri=str(folder / file), **values)


def pixel_lists(images: Any, labels: Any) -> pa.Table:
    """Return pictures as a table of lists of pixels."""
    rows = [image.reshape(-1).tolist() for image in images]
    return pa.table({"image": pa.array(rows, pa.list_(pa.uint8())), "label": labels})
