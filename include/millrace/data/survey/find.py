"""`find`: the sources that would read what lies at a path or URI, told by names and headers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

from millrace.data.sources.listing_names import is_hidden
from millrace.data.sources.reader import file_name
from millrace.data.survey.arrays import find_hdf5, find_npy, find_npz
from millrace.data.survey.folders import find_pictures
from millrace.data.survey.found import Found, side_of, source
from millrace.data.survey.tables import find_csv, find_parquet
from millrace.errors import DataError

_ARCHIVES = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")
_TABLES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz")
_HDF5 = (".h5", ".hdf5", ".he5", ".hdf")
LABELS = "labels.csv"
"""The usual name of a file of labels."""

_IDX = re.compile(r"images?[-.]idx3[-.]ubyte(\.gz)?$")
_IDX_STEM = re.compile(r"[-_.]?images?[-.]idx3", re.IGNORECASE)
_CIFAR = re.compile(r"cifar.*\.(tar\.gz|tgz|tar)$|data_batch\w*\.bin$", re.IGNORECASE)
_LABELS_OF = (("images", "labels"), ("image", "label"), ("x_", "y_"), ("X_", "y_"), ("X", "y"),
              ("x", "y"), ("data", "labels"), ("data", "target"))  # fmt: skip


def find(uri: str, path: Path | None) -> Found:
    """Return the sources; those that would leave nothing to train on have no side of their own.

    Args:
        uri: as a spec would have it. path: where that is on this machine; None for a remote one.

    Raises:
        DataError: there is nothing there, or nothing that a source could read.
    """
    if path is not None and not path.exists():
        raise DataError("there is nothing at this path", where=uri, remedy="Check the path.")
    name = file_name(uri)
    stem = name.split(".")[0] or "pictures"
    if path is not None and path.is_dir():
        found = _in_folder(uri, path)
    else:
        found = _in_file(uri, path, name.lower(), stem)
    sources = _named_apart(found.sources)
    if not any("split" not in one for one in sources):
        sources = [{n: value for n, value in one.items() if n != "split"} for one in sources]
    return Found(found.format, tuple(sources))


def _named_apart(sources: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the sources, each with a name of its own."""
    names: set[str] = set()
    apart: list[Mapping[str, Any]] = []
    for one in sources:
        name = next(n for n in _numbered(one["name"]) if n not in names)
        names.add(name)
        apart.append({**one, "name": name})
    return apart


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in count(2))


def _in_file(uri: str, path: Path | None, name: str, stem: str) -> Found:
    if _CIFAR.search(name):
        return Found("CIFAR's binary version", _cifar(uri, name, stem))
    if _IDX.search(name):
        return Found("IDX files, as MNIST has them", (_idx(uri, stem),))
    if name.endswith(_ARCHIVES) or (path is None and uri.endswith("/")):
        place = "archive" if name.endswith(_ARCHIVES) else "bucket"
        return find_pictures(uri, stem, _beside(uri, path, stem), place=place)
    if name.endswith(_TABLES):
        return find_csv(uri, stem)
    if name.endswith(".npz"):
        return find_npz(uri, stem)
    if name.endswith(".npy"):
        return find_npy(uri, _labels_of(uri, path), stem)
    if name.endswith(_HDF5):
        return find_hdf5(uri, stem)
    if name.endswith(".parquet"):
        return find_parquet(uri, stem, uri)
    if path is None:
        return find_pictures(uri, stem, place="bucket")
    raise DataError(
        "no source reads a file of this kind",
        where=uri,
        expected="a folder, .zip or .tar.gz of pictures; .csv, .npz, .npy, .h5, .parquet, IDX or "
        "CIFAR files",
        received=name,
    )


def _in_folder(uri: str, path: Path) -> Found:
    names = sorted(entry.name for entry in path.iterdir() if entry.is_file())
    stem = path.resolve().name or "pictures"

    def inside(name: str) -> str:
        return f"{uri.rstrip('/')}/{name}"

    images = [name for name in names if _IDX.search(name.lower())]
    if images:
        found = tuple(_idx(inside(name), _IDX_STEM.split(name)[0]) for name in images)
        return Found("IDX files, as MNIST has them", found)
    if any(name.endswith(".parquet") for name in names):
        sample = next(name for name in names if name.endswith(".parquet"))
        return find_parquet(uri, stem, inside(sample))
    alone = _data_files(names)
    folders = any(entry.is_dir() and not is_hidden(entry.name) for entry in path.iterdir())
    if len(alone) == 1 and not folders:
        return find(inside(alone[0]), path / alone[0])
    try:
        return find_pictures(uri, stem, inside(LABELS) if LABELS in names else None)
    except DataError:
        if len(alone) == 1:
            return find(inside(alone[0]), path / alone[0])
        raise


def _data_files(names: list[str]) -> list[str]:
    """Return the files that hold many pictures: archives and arrays, or else tables."""
    many = (*_ARCHIVES, ".npz", *_HDF5)
    found = [name for name in names if name.lower().endswith(many)]
    found += [name for name in names if name.endswith(".npy") and _has_labels(name, names)]
    return found or [n for n in names if n.lower().endswith(_TABLES) and n != LABELS]


def _idx(uri: str, stem: str) -> dict[str, object]:
    labels = uri.replace("images-idx3", "labels-idx1").replace("images.idx3", "labels.idx1")
    return dict(source(stem, "idx", side_of(stem), images=uri, labels=labels))


def _cifar(uri: str, name: str, stem: str) -> tuple[dict[str, object], ...]:
    if name.endswith(".bin"):
        return (dict(source(stem, "cifar", uri=uri)),)
    train = source("train", "cifar", uri=uri)
    test = source("test", "cifar", "test", uri=uri, members=["*test_batch*.bin", "*test.bin"])
    return train, test


def _beside(uri: str, path: Path | None, stem: str) -> str | None:
    """Return the URI of a file of labels that lies beside an archive."""
    if path is None or not path.is_file():
        return None
    for name in (LABELS, f"{stem}.csv"):
        if (path.parent / name).is_file():
            return str(PurePosixPath(uri).parent / name)
    return None


def _has_labels(name: str, names: list[str]) -> bool:
    return any(name.replace(old, new, 1) in names for old, new in _LABELS_OF if old in name)


def _labels_of(uri: str, path: Path | None) -> str:
    """Return the URI of the labels that lie beside an array of pictures."""
    folder, _, name = uri.rpartition("/")
    for old, new in _LABELS_OF:
        other = name.replace(old, new, 1)
        if old in name and path is not None and (path.parent / other).is_file():
            return f"{folder}/{other}" if folder else other
    raise DataError(
        "an array without labels",
        where=uri,
        expected="its labels beside it, such as labels.npy beside images.npy, or y.npy beside "
        "X.npy",
        remedy="Rename the file of labels, or write the spec by hand.",
    )
