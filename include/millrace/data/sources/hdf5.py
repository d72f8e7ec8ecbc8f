"""`Hdf5Reader`: pictures and labels in datasets of an HDF5 file. Nothing outside it is opened.

Links, virtual datasets and datasets whose values lie in other files are refused: an HDF5 file could
otherwise name any file of this machine as its content.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.artifacts.digests import digest_value
from millrace.data.sources.array_labels import check_labels, label_texts
from millrace.data.sources.array_layout import ArrayLayout, find_layout
from millrace.data.sources.damage import is_damage
from millrace.data.sources.files import open_source
from millrace.data.sources.partition import Partition
from millrace.data.sources.remembered import remembered
from millrace.data.sources.unpacked import unpacked
from millrace.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_LARGEST = 1 << 30  # bytes that any dataset may hold
_RATIO = 200  # of a larger dataset to its file
_LARGEST_CHUNK = 256 << 20  # bytes
_DAMAGED = (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, MemoryError)


class Hdf5Reader:
    """Reads a dataset of pictures and, where the source has one, its dataset of labels."""

    places: ClassVar[tuple[str, ...]] = ("uri",)

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._name: str = document["name"]
        self._rows: int = document["partition_rows"]
        self._file = open_source(document["uri"], document["sha256"])
        self._where = f"source {self._name}: {self._file.name}"

    def partitions(self) -> list[Partition]:
        """List the partitions; reads the datasets to digest their rows."""
        with self._open() as (images, labels, layout):
            asked = ["hdf5", images.name, labels and labels.name, self._rows]
            found = remembered(
                unpacked(self._file), asked, lambda: list(self._digests(images, labels))
            )
            rows = images.shape[0]
            starts = range(0, rows, self._rows)
        return [
            Partition(
                self._name, number, start, min(start + self._rows, rows), _fingerprint(layout, text)
            )
            for number, (start, text) in enumerate(zip(starts, found, strict=True))
        ]

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        from millrace.data.sources.pixel_values import with_unreadable
        from millrace.data.sources.raw import pixel_table

        self._file.verify()
        digest = sha256()
        with self._open() as (images, labels, layout):
            for start, values, texts in self._values(images, labels, partition.start, digest):
                kept = max(0, min(len(values), partition.stop - start))
                if kept:
                    pixels, reasons, contents = layout.images(values[:kept])
                    here = texts and texts[:kept]
                    table = pixel_table(partition, start, pixels, here, self._file.name)
                    yield with_unreadable(table, reasons, contents)
        partition.check_unchanged(_fingerprint(layout, digest.hexdigest()))

    def _digests(self, images: Any, labels: Any) -> Iterator[str]:
        """Yield the digest of each partition's rows."""
        for start in range(0, images.shape[0], self._rows):
            digest = sha256()
            for _ in self._values(images, labels, start, digest):
                pass
            yield digest.hexdigest()

    def _values(
        self, images: Any, labels: Any, begin: int, digest: Any
    ) -> Iterator[tuple[int, Any, list[str | None] | None]]:
        """Yield the rows of the partition that begins at `begin`, adding them to the digest."""
        from millrace.data.sources.raw import spans

        size = math.prod(images.shape[1:]) * images.dtype.itemsize
        end = min(begin + self._rows, images.shape[0])
        for start, stop in spans(begin, end, size):
            values = images[start:stop]
            texts = None if labels is None else label_texts(labels[start:stop])
            digest.update(values.tobytes() + digest_value(texts).encode())
            yield start, values, texts

    @contextmanager
    def _open(self) -> Iterator[tuple[Any, Any, ArrayLayout]]:
        """Yield the datasets, checked against each other, and the layout of the pictures."""
        import h5py

        with self._failures(), h5py.File(unpacked(self._file), "r", locking=False) as file:
            images = self._dataset(file, "images")
            kind = f"{images.dtype.kind}{images.dtype.itemsize}"
            layout = find_layout(images.shape, kind, self._document, self._where)
            self._check_size(images)
            labels = None
            if self._document["labels"] is not None:
                labels = self._dataset(file, "labels")
                self._check_size(labels)
                kind = "S" if h5py.check_string_dtype(labels.dtype) else labels.dtype.kind
                check_labels(labels.shape, kind, images.shape[0], self._where)
            yield images, labels, layout

    def _dataset(self, file: Any, field: str) -> Any:
        """Return the dataset that `field` of the source names."""
        import h5py

        found = file
        path = self._document[field]
        for part in filter(None, path.split("/")):
            link = found.get(part, getlink=True) if isinstance(found, h5py.Group) else None
            if link is None:
                raise self._missing(file, field)
            if not isinstance(link, h5py.HardLink):
                raise self._outside(path, "a link")
            found = found[part]
        if not isinstance(found, h5py.Dataset) or found.shape is None:
            raise self._missing(file, field)
        if found.is_virtual or found.external:
            raise self._outside(path, "values in other files")
        return found

    def _check_size(self, dataset: Any) -> None:
        """Refuse what would take memory or time out of all proportion to the file."""
        item = max(dataset.dtype.itemsize, 1)
        size = math.prod(dataset.shape) * item
        limit = max(_LARGEST, _RATIO * self._file.path.stat().st_size)
        chunk = math.prod(dataset.chunks or ()) * item
        if size > limit or chunk > _LARGEST_CHUNK:
            raise DataError(
                "a dataset holds more than its file can",
                where=f"{self._where}: {dataset.name}",
                expected=f"at most {limit:,} bytes, in chunks of at most {_LARGEST_CHUNK:,}",
                received=f"{size:,} bytes, in chunks of {chunk:,}",
                remedy="Check where the file is from; write it with smaller chunks.",
            )

    def _missing(self, file: Any, field: str) -> DataError:
        names: list[str] = []
        file.visit(lambda name: names.append(name) if len(names) < 10 else name)
        return DataError(
            "the file has no such dataset",
            where=self._where,
            expected=f"`{field}` as one of: {', '.join(names) or 'nothing'}",
            received=self._document[field],
            remedy=f"Correct `{field}` in the source; `labels: null` is for a file without them.",
        )

    def _outside(self, path: str, what: str) -> DataError:
        return DataError(
            f"a dataset is {what}, which are not followed",
            where=f"{self._where}: {path}",
            expected="a dataset whose values lie in the file itself",
            remedy="Name the dataset itself, or copy it into one file.",
        )

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGED as error:
            if not is_damage(error):
                raise
            raise DataError(
                "an HDF5 file is damaged, or uses what is not installed",
                where=self._where,
                expected="an HDF5 file whose filters h5py has",
                received=error,
                remedy="Get the file again; check the source's kind and URI.",
            ) from error


def _fingerprint(layout: ArrayLayout, digest: str) -> str:
    return digest_value({"layout": layout.to_document(), "rows": digest})
