"""`NpzReader`: pictures and labels in an .npz archive. Pickled objects are never read.

Members are unpacked into the cache, once, and checked against their checksums, so that their rows
can be sought; content out of all proportion to its archive is refused.
"""

from __future__ import annotations

import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.data.sources.cache import cache_folder, new_file
from millrace.data.sources.damage import is_damage
from millrace.data.sources.files import open_source
from millrace.data.sources.numpy_arrays_file import ArrayFile, open_array
from millrace.data.sources.numpy_arrays_pair import ArrayPair
from millrace.data.sources.partition import Partition
from millrace.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_USUAL = (
    ("images", "labels"), ("x", "y"), ("X", "y"), ("data", "labels"), ("data", "target"),
    ("x_train", "y_train"), ("X_train", "y_train"), ("train_images", "train_labels"),
    ("x_test", "y_test"), ("X_test", "y_test"), ("test_images", "test_labels"),
    ("arr_0", "arr_1"),
)  # fmt: skip
_CHUNK = 1 << 20  # bytes
_LARGEST = 1 << 30  # bytes that any member may unpack to
_RATIO = 200  # of a larger member to its archive
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, struct.error),
    *(EOFError, KeyError, OSError, RuntimeError, ValueError),
)


class NpzReader:
    """Reads two members of one archive."""

    places: ClassVar[tuple[str, ...]] = ("uri",)

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._name: str = document["name"]
        self._file = open_source(document["uri"], document["sha256"])
        self._where = f"source {self._name}: {self._file.name}"

    def partitions(self) -> list[Partition]:
        """List the partitions; unpacks the two members and digests their rows."""
        return self._pair.partitions()

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        self._file.verify()
        yield from self._pair.read(partition)

    @cached_property
    def _pair(self) -> ArrayPair:
        with self._archive() as archive:
            members = [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]
            images, labels = self._names(members)
            image_array = self._array(archive, images)
            label_array = None if labels is None else self._array(archive, labels)
        return ArrayPair(image_array, label_array, self._document, self._file.name)

    def _names(self, members: list[str]) -> tuple[str, str | None]:
        """Return the names of the pictures' member and the labels'."""
        images, labels = self._document["images"], self._document["labels"]
        usual = dict(reversed(_USUAL))
        if images == "auto":
            found = [name for name in members if name in usual]
            images = found[0] if len(found) == 1 else None
        for field, name in (("images", images), ("labels", labels)):
            if name not in (*members, "auto") and not (field == "labels" and name is None):
                raise self._unclear(field, members)
        if labels == "auto":
            beside = [label for image, label in _USUAL if image == images and label in members]
            labels = beside[0] if beside else None
        return images, labels

    def _unclear(self, field: str, members: list[str]) -> DataError:
        asked = self._document[field]
        return DataError(
            f"the archive's member of {field} is not clear"
            if asked == "auto"
            else "the archive has no such member",
            where=self._where,
            expected=f"`{field}` as one of the members",
            received=f"{asked}; members: {', '.join(members[:10]) or 'none'}",
            remedy=f"Write `{field}: name` of a member in the source.",
        )

    def _array(self, archive: zipfile.ZipFile, name: str) -> ArrayFile:
        shown = f"{self._file.name}/{name}.npy"
        key = sha256(f"{self._file.digest}/{name}".encode("utf-8", "replace")).hexdigest()
        path = cache_folder("unpacked") / f"{key}.npy"
        if not path.is_file():
            info = archive.getinfo(f"{name}.npy")
            limit = max(_LARGEST, _RATIO * self._file.path.stat().st_size)
            if info.file_size > limit:
                raise self._bomb(shown, limit)
            with archive.open(info) as content, new_file(path) as part, part.open("wb") as out:
                shutil.copyfileobj(content, out, _CHUNK)
        return open_array(path, shown)

    def _bomb(self, name: str, limit: int) -> DataError:
        return DataError(
            "a member of an archive unpacks to too much",
            where=name,
            expected=f"at most {limit:,} bytes",
            received="more",
            remedy="Check where the file is from; if it is right, give the arrays as .npy files.",
        )

    @contextmanager
    def _archive(self) -> Iterator[zipfile.ZipFile]:
        try:
            with zipfile.ZipFile(self._file.path) as archive:
                yield archive
        except _DAMAGED as error:
            if not is_damage(error):
                raise
            raise DataError(
                "an .npz archive is truncated or damaged",
                where=self._where,
                expected="a zip archive of .npy files",
                received=error,
                remedy="Get the file again, and check the source's kind and URI.",
            ) from error
