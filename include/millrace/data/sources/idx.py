"""`IdxReader`: the IDX format of the MNIST family, gzip-compressed or not, whatever its name.

Format: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database". Big-endian header: magic 2051,
count, rows, columns, then unsigned bytes; labels: magic 2049, count, then unsigned bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.artifacts.digests import digest_value
from millrace.data.sources.files import SourceFile, open_source
from millrace.data.sources.partition import Partition, cut
from millrace.data.sources.stream import ByteStream
from millrace.data.sources.unpacked import unpacked
from millrace.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_IMAGES, _LABELS = 2051, 2049
_NAMES = {_IMAGES: "image file", _LABELS: "label file"}
_LONGEST_SIDE = 65_535  # pixels
_HIGHEST_RATIO = 1_040  # decompressed bytes of a compressed one, at most, in gzip


class IdxReader:
    """Reads one image file and, where the source has one, its label file."""

    places: ClassVar[tuple[str, ...]] = ("images", "labels")

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._name: str = document["name"]
        self._rows: int = document["partition_rows"]
        declared: Mapping[str, str] = document.get("sha256") or {}
        self._images = open_source(document["images"], declared.get("images"))
        labels = document.get("labels")
        self._labels = None if labels is None else open_source(labels, declared.get("labels"))

    def partitions(self) -> list[Partition]:
        """List the partitions from the two headers."""
        count, height, width = _header(self._images, _IMAGES)
        _check_shape(self._images, count, height, width)
        if self._labels is not None:
            (labels,) = _header(self._labels, _LABELS)
            if labels != count:
                raise DataError(
                    "an image file and its label file hold different numbers of records",
                    where=f"source {self._name}: {self._images.name}, {self._labels.name}",
                    expected=f"{count} labels",
                    received=f"{labels} labels",
                    remedy="Take the two files of the same set.",
                )
        return cut(self._name, count, self._rows, self._fingerprint())

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        import numpy as np

        from millrace.data.sources.raw import pixel_table, spans

        self._verify(partition)
        count, height, width = _header(self._images, _IMAGES)
        labels = None if self._labels is None else self._read_labels(partition)
        size = height * width
        path = self._images.path
        if partition.rows < count:
            path = unpacked(self._images, 16 + count * size)
        with ByteStream(path, self._images.name) as stream:
            stream.skip(16 + partition.start * size)
            for start, stop in spans(partition.start, partition.stop, size):
                pixels = np.frombuffer(stream.read((stop - start) * size), np.uint8)
                images = pixels.reshape(-1, height, width, 1)
                here = labels and labels[start - partition.start : stop - partition.start]
                yield pixel_table(partition, start, images, here, self._images.name)
            if partition.stop == count:
                stream.check_end()

    def _read_labels(self, partition: Partition) -> list[str]:
        file = self._labels
        if file is None:
            return []
        (count,) = _header(file, _LABELS)
        with ByteStream(file.path, file.name) as stream:
            stream.skip(8 + partition.start)
            labels = [str(label) for label in stream.read(partition.rows)]
            if partition.stop == count:
                stream.check_end()
        return labels

    def _verify(self, partition: Partition) -> None:
        self._images.verify()
        if self._labels is not None:
            self._labels.verify()
        partition.check_unchanged(self._fingerprint())

    def _fingerprint(self) -> str:
        labels = None if self._labels is None else self._labels.fingerprint
        return digest_value({"images": self._images.fingerprint, "labels": labels})


def _header(file: SourceFile, magic: int) -> tuple[int, ...]:
    """Return the dimensions of an IDX file of the wanted magic number."""
    with ByteStream(file.path, file.name) as stream:
        (found,) = struct.unpack(">I", stream.read(4))
        if found != magic:
            raise DataError(
                f"not an IDX {_NAMES[magic]}",
                where=file.name,
                expected=f"magic number {magic}",
                received=found,
                remedy="The image file and the label file are swapped."
                if found in _NAMES
                else "Check that the source's URI points to an IDX file of unsigned bytes.",
            )
        dimensions = found & 0xFF
        return struct.unpack(f">{dimensions}I", stream.read(4 * dimensions))


def _check_shape(file: SourceFile, count: int, height: int, width: int) -> None:
    """Compare an image header with the file's length, before anything is allocated from it."""
    sides_fit = 0 < height <= _LONGEST_SIDE and 0 < width <= _LONGEST_SIDE
    wanted = 16 + count * height * width
    length = file.path.stat().st_size
    with ByteStream(file.path, file.name) as stream:
        fits = wanted <= length * _HIGHEST_RATIO if stream.compressed else wanted == length
    if not (sides_fit and fits):
        kind = "compressed bytes" if stream.compressed else "bytes"
        raise DataError(
            "an IDX header does not fit its file",
            where=file.name,
            expected=f"{wanted:,} bytes for {count:,} pictures of {height:,} x {width:,}",
            received=f"{length:,} {kind}",
            remedy="Get the file again.",
        )
