"""`ArrayPair`: an array of pictures and one of labels as partitions and records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from millrace.artifacts.digests import digest_value
from millrace.data.sources.array_layout import find_layout
from millrace.data.sources.numpy_arrays_file import ArrayFile
from millrace.data.sources.partition import Partition
from millrace.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_LONGEST_LABEL = 4_096  # bytes


class ArrayPair:
    """Reads pictures, and labels where there are some.

    Args:
        images, labels: the arrays. document: values of a source of arrays.
        file: name that origins show.
    """

    def __init__(
        self, images: ArrayFile, labels: ArrayFile | None, document: Mapping[str, Any], file: str
    ) -> None:
        self._file = file
        self._name: str = document["name"]
        self._rows: int = document["partition_rows"]
        self._images, self._labels = images, labels
        where = f"source {self._name}: {images.name}"
        self._layout = find_layout(images.shape, images.kind, document, where)
        if labels is not None:
            _check_labels(labels, images.rows, f"source {self._name}: {labels.name}")

    def partitions(self) -> list[Partition]:
        """List the partitions; each one's fingerprint is the digest of its own rows."""
        images = self._images.digests(self._rows)
        labels = self._labels.digests(self._rows) if self._labels else [None] * len(images)
        total = self._images.rows
        return [
            Partition(
                self._name,
                number,
                number * self._rows,
                min((number + 1) * self._rows, total),
                self._fingerprint(image, label),
            )
            for number, (image, label) in enumerate(zip(images, labels, strict=True))
        ]

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        from millrace.data.sources.array_labels import label_texts
        from millrace.data.sources.pixel_values import with_unreadable
        from millrace.data.sources.raw import pixel_table, spans

        self._check_unchanged(partition)
        for start, stop in spans(partition.start, partition.stop, self._images.row_bytes):
            images, reasons, contents = self._layout.images(self._images.read(start, stop))
            labels = self._labels and label_texts(self._labels.read(start, stop))
            table = pixel_table(partition, start, images, labels, self._file)
            yield with_unreadable(table, reasons, contents)

    def _check_unchanged(self, partition: Partition) -> None:
        start, stop = partition.start, min(partition.start + self._rows, self._images.rows)
        labels = None if self._labels is None else self._labels.digest(start, stop)
        partition.check_unchanged(self._fingerprint(self._images.digest(start, stop), labels))

    def _fingerprint(self, images: str, labels: str | None) -> str:
        return digest_value(
            {
                "layout": self._layout.to_document(),
                "types": [self._images.descr, self._labels and self._labels.descr],
                "images": images,
                "labels": labels,
            }
        )


def _check_labels(labels: ArrayFile, rows: int, where: str) -> None:
    from millrace.data.sources.array_labels import check_labels

    check_labels(labels.shape, labels.kind, rows, where)
    if labels.row_bytes > _LONGEST_LABEL:
        raise DataError(
            "an array's texts are too long for labels",
            where=where,
            expected=f"at most {_LONGEST_LABEL:,} bytes",
            received=labels.descr,
        )
