"""`find_file`: the sources that would read one file, or what lies at a remote URI."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from millrace.data.sources.files import open_source
from millrace.data.sources.folder_tree import is_archive
from millrace.data.sources.mailbox import is_mailbox
from millrace.data.sources.reader import file_name
from millrace.data.survey.arrays import find_hdf5, find_npy, find_npz
from millrace.data.survey.contents import is_message, is_text
from millrace.data.survey.files import find_files
from millrace.data.survey.found import Asked, Found, side_of, source
from millrace.data.survey.objects import find_json_lines
from millrace.data.survey.parquet import find_parquet
from millrace.data.survey.tables import find_csv
from millrace.errors import DataError

TABLES = (".csv", ".tsv", ".txt", ".tab", ".data", ".csv.gz", ".tsv.gz", ".txt.gz")
"""Endings of text tables."""

OBJECTS = (".jsonl", ".ndjson", ".jsonlines", ".jsonl.gz", ".ndjson.gz")
"""Endings of files with a JSON object a line."""

MAILBOXES = (".mbox", ".mbx", ".mbox.gz")
"""Endings of files of many e-mails."""

HDF5 = (".h5", ".hdf5", ".he5", ".hdf")
"""Endings of HDF5 files."""

LABELS = "labels.csv"
"""The usual name of a file of labels."""

PAIRS = (("images", "labels"), ("image", "label"), ("x_", "y_"), ("X_", "y_"), ("X", "y"),
         ("x", "y"), ("data", "labels"), ("data", "target"))  # fmt: skip
"""What arrays of pictures and their labels are called."""

_IDX = re.compile(r"images?[-.]idx3[-.]ubyte(\.gz)?$")
_IDX_STEM = re.compile(r"[-_.]?images?[-.]idx3", re.IGNORECASE)
_CIFAR = re.compile(r"cifar.*\.(tar\.gz|tgz|tar)$|data_batch\w*\.bin$", re.IGNORECASE)
_READ = 65_536  # bytes of a file whose name tells nothing


def is_idx(name: str) -> bool:
    """Whether a file's name is one of MNIST's pictures."""
    return bool(_IDX.search(name.lower()))


def find_file(uri: str, path: Path | None, asked: Asked) -> Found:
    """Return the sources.

    Raises:
        DataError: no source reads it.
    """
    name, shown = file_name(uri).lower(), file_name(uri)
    stem = shown.split(".")[0] or "data"
    if asked.allows("image"):
        found = _pictures(uri, path, name, stem)
        if found is not None:
            return found
    if is_archive(uri) or (path is None and uri.endswith("/")):
        place = "archive" if is_archive(uri) else "bucket"
        return find_files(uri, stem, asked, _beside(uri, path, stem), place=place)
    if name.endswith(MAILBOXES):
        return _mailbox(uri, stem)
    if name.endswith(OBJECTS):
        return find_json_lines(uri, stem, asked)
    if name.endswith(".parquet"):
        return find_parquet(uri, stem, uri, asked)
    if name.endswith(TABLES):
        return find_csv(uri, stem, asked)
    if path is None:
        return find_files(uri, stem, asked, place="bucket")
    return _by_contents(uri, path, stem, asked)


def find_idx(uri: str) -> dict[str, object]:
    """Return the source of an IDX file of pictures and the labels beside it."""
    stem = _IDX_STEM.split(file_name(uri))[0]
    labels = uri.replace("images-idx3", "labels-idx1").replace("images.idx3", "labels.idx1")
    return dict(source(stem, "idx", side_of(stem), images=uri, labels=labels))


def _pictures(uri: str, path: Path | None, name: str, stem: str) -> Found | None:
    """Return the sources of what only holds pictures; None for anything else."""
    if _CIFAR.search(name):
        return Found("CIFAR's binary version", _cifar(uri, name, stem))
    if is_idx(name):
        return Found("IDX files, as MNIST has them", (find_idx(uri),))
    if name.endswith(".npz"):
        return find_npz(uri, stem)
    if name.endswith(".npy"):
        return find_npy(uri, _labels_of(uri, path), stem)
    return find_hdf5(uri, stem) if name.endswith(HDF5) else None


def _mailbox(uri: str, stem: str) -> Found:
    document = source(stem, "email", uri=uri)
    return Found("an mbox file", (document,), "text", classes=())


def _by_contents(uri: str, path: Path, stem: str, asked: Asked) -> Found:
    """Return the source of a file whose name tells nothing."""
    if is_mailbox(open_source(uri)):
        return _mailbox(uri, stem)
    with path.open("rb") as file:
        head = file.read(_READ)
    if not is_message(head):
        if head.lstrip().startswith(b"{"):
            return find_json_lines(uri, stem, asked)
        if is_text(head) or head.startswith(b"\x1f\x8b"):
            return find_csv(uri, stem, asked)
    raise DataError(
        "no source reads a file of this kind",
        where=uri,
        expected="a folder, .zip or .tar.gz of pictures, texts or e-mails; .csv, .tsv, .jsonl, "
        ".parquet, .mbox, .npz, .npy, .h5, IDX or CIFAR files",
        received="a single e-mail" if is_message(head) else file_name(uri),
    )


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


def _labels_of(uri: str, path: Path | None) -> str:
    """Return the URI of the labels that lie beside an array of pictures."""
    folder, _, name = uri.rpartition("/")
    for old, new in PAIRS:
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
