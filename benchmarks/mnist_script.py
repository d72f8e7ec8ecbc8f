"""What one would write by hand for MNIST: NumPy and pyarrow over whole arrays in memory.

The other side of ``pipeline_mnist.py``. It writes the tables of every step, as a pipeline does
whose steps can be looked at, but knows this one data set only and explains nothing that goes wrong.
Its steps hand their tables on in memory, or read what the step before wrote, so that each could run
again by itself.
"""

from __future__ import annotations

import gzip
from hashlib import blake2b, sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_SHA256 = {
    "train-images-idx3-ubyte": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
_SIZE = 28 * 28
_LABELS = [str(label) for label in range(10)]
_PLACE = ["record_id", "source", "position", "origin"]


def run(source: Path, folder: Path, *, steps: bool) -> None:
    """Make the data set of the four files in `source`, all tables below `folder`.

    Args:
        steps: whether every step reads what the one before wrote.
    """

    def handed(table: pa.Table, name: str) -> pa.Table:
        path = folder / f"{name}.parquet"
        _write(table, path)
        return pq.read_table(path) if steps else table

    made = []
    for name in ("train", "t10k"):
        raw = handed(_collect(source, name), f"{name}-raw")
        clean = handed(_clean(raw, folder, name), f"{name}-clean")
        made.append(handed(_transform(clean), f"{name}-canonical"))
    _integrate(pa.concat_tables(made), folder)


def _read(source: Path, name: str) -> bytes:
    data = (source / f"{name}.gz").read_bytes()
    if sha256(data).hexdigest() != _SHA256[name]:
        raise SystemExit(f"{name} is not the published file")
    return gzip.decompress(data)


def _collect(source: Path, name: str) -> pa.Table:
    images = np.frombuffer(_read(source, f"{name}-images-idx3-ubyte"), np.uint8, offset=16)
    labels = np.frombuffer(_read(source, f"{name}-labels-idx1-ubyte"), np.uint8, offset=8)
    rows = len(labels)
    digits = pc.cast(pa.array(np.arange(rows)), pa.string())
    ids = pc.binary_join_element_wise(name + "/", pc.utf8_lpad(digits, 9, "0"), "")
    offsets = pa.py_buffer(np.arange(rows + 1, dtype=np.int32) * _SIZE)
    return pa.table(
        {
            "record_id": ids,
            "source": pa.repeat(name, rows),
            "position": np.arange(rows),
            "origin": pc.binary_join_element_wise(f"{name}-images-idx3-ubyte.gz#", digits, ""),
            "group": pa.nulls(rows, pa.string()),
            "label": pc.cast(pa.array(labels), pa.string()),
            "content": pa.BinaryArray.from_buffers(
                pa.binary(), rows, [None, offsets, pa.py_buffer(images)]
            ),
            "encoding": pa.repeat("pixels;height=28;width=28;channels=1;maximum=255", rows),
        }
    )


def _clean(raw: pa.Table, folder: Path, name: str) -> pa.Table:
    """Refuse what breaks the contract; keep one of equal pictures, none that disagree."""
    pixels = _pixels(raw["content"])
    blank = pixels.min(axis=1) == pixels.max(axis=1)
    unknown = ~pc.is_in(raw["label"], pa.array(_LABELS)).to_numpy()
    digests = np.array([blake2b(p, digest_size=16).digest() for p in pixels], "S16")
    original, conflicting = _equals(digests, raw["label"].to_numpy())
    refused = blank | unknown | conflicting
    duplicate = ~refused & (original != np.arange(len(pixels)))
    kept = ~refused & ~duplicate
    reasons = np.select([blank, unknown], ["blank", "unknown_label"], "conflicting_label")
    quarantine = raw.drop_columns(["group"]).append_column("reason", pa.array(reasons))
    _write(quarantine.filter(pa.array(refused)), folder / f"{name}-quarantine.parquet")
    twice = raw.select([*_PLACE, "label"]).append_column(
        "duplicate_of", raw["record_id"].take(pa.array(original))
    )
    _write(twice.filter(pa.array(duplicate)), folder / f"{name}-duplicates.parquet")
    clean = raw.append_column("content_digest", pa.array(digests, pa.binary(16)))
    return clean.filter(pa.array(kept))


def _transform(clean: pa.Table) -> pa.Table:
    """The pictures are what they should be already."""
    pixels = pa.py_buffer(_pixels(clean["content"]))
    image = pa.FixedSizeBinaryArray.from_buffers(pa.binary(_SIZE), len(clean), [None, pixels])
    return clean.drop_columns(["content", "encoding"]).append_column("image", image)


def _integrate(table: pa.Table, folder: Path) -> None:
    """Compare again across the files; the test file stays whole; a tenth is for validation."""
    digests = np.array(table["content_digest"].to_pylist(), "S16")
    original, conflicting = _equals(digests, table["label"].to_numpy())
    kept = ~conflicting & (original == np.arange(len(table)))
    words = digests.view(np.uint64).reshape(-1, 2)
    test = pc.equal(table["source"], "t10k").to_numpy()
    validation = ~test & (words[:, 0] < 0.1 * 2.0**64)
    order = np.argsort(words[:, 1])
    for side, mask in (
        ("train", ~test & ~validation),
        ("validation", validation),
        ("test", test),
    ):
        rows = table.take(pa.array(order[(mask & kept)[order]]))
        rows = rows.append_column("split", pa.repeat(side, len(rows)))
        _write(rows, folder / f"{side}.parquet")


def _equals(
    digests: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Return the first of each picture's equals, and whether their labels differ."""
    _, first, inverse = np.unique(digests, return_index=True, return_inverse=True)
    original = first[inverse]
    differs = labels != labels[original]
    conflicting = np.bincount(inverse, differs)[inverse] > 0
    return original, conflicting


def _pixels(column: pa.ChunkedArray) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    data = column.combine_chunks()
    return np.frombuffer(data.buffers()[2], np.uint8, len(data) * _SIZE).reshape(-1, _SIZE)


def _write(table: pa.Table, path: Path) -> None:
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    pq.write_table(
        table,
        path,
        row_group_size=8_192,
        compression="zstd",
        compression_level=3,
        use_dictionary=texts,
        write_statistics=False,
    )
