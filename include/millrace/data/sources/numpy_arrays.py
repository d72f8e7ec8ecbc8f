"""`NpyReader`: pictures in an .npy file, labels in another. Pickled objects are never read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.data.sources.files import SourceFile, open_source
from millrace.data.sources.numpy_arrays_file import ArrayFile, open_array
from millrace.data.sources.numpy_arrays_pair import ArrayPair
from millrace.data.sources.partition import Partition
from millrace.data.sources.unpacked import unpacked

if TYPE_CHECKING:
    import pyarrow as pa


class NpyReader:
    """Reads one array of pictures and, where the source has one, its array of labels."""

    places: ClassVar[tuple[str, ...]] = ("images", "labels")

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        declared: Mapping[str, str] = document["sha256"]
        self._images = open_source(document["images"], declared.get("images"))
        labels = document["labels"]
        self._labels = None if labels is None else open_source(labels, declared.get("labels"))

    def partitions(self) -> list[Partition]:
        """List the partitions; reads the files to digest their rows."""
        return self._pair.partitions()

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        self._images.verify()
        if self._labels is not None:
            self._labels.verify()
        yield from self._pair.read(partition)

    @cached_property
    def _pair(self) -> ArrayPair:
        labels = None if self._labels is None else _array(self._labels)
        return ArrayPair(_array(self._images), labels, self._document, self._images.name)


def _array(file: SourceFile) -> ArrayFile:
    return open_array(unpacked(file), file.name)
