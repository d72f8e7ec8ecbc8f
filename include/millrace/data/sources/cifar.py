"""`CifarReader`: the binary versions of CIFAR-10 and CIFAR-100, as .bin files or inside a tar.

Format: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. A record is
one label byte (CIFAR-100: two, coarse and fine) and 32 x 32 pixels as three planes, red, green,
blue. No member is ever extracted to disk, so paths and links in an archive cannot do harm.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any, ClassVar

from millrace.data.sources.cifar_layout import CIFAR_10, CIFAR_100, SIDE, Layout
from millrace.data.sources.files import open_source
from millrace.data.sources.partition import Partition, cut
from millrace.data.sources.stream import ByteStream, is_compressed
from millrace.data.sources.unpacked import unpacked
from millrace.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_AUTO = "auto"
_MOST_NAMES = 1 << 16  # bytes
_TAR_MAGIC_AT = 257

Read = Callable[[int], bytes]


class CifarReader:
    """Reads the records of one archive or one file.

    It is CIFAR-100 where ``labels`` says so, or the archive has a member with its classes' names. A
    label is the class's name where there is such a member, else its number. A label byte above the
    highest class is no label: cleaning refuses the record as ``missing_label``.
    """

    places: ClassVar[tuple[str, ...]] = ("uri",)

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._name: str = document["name"]
        self._rows: int = document["partition_rows"]
        self._patterns: list[str] = list(document["members"])
        self._names: str | None = document.get("class_names")
        self._labels: str | None = document.get("labels")
        self._file = open_source(document["uri"], document.get("sha256"))

    def partitions(self) -> list[Partition]:
        """List the partitions, member by member; a compressed archive is unpacked once."""
        fingerprint = self._file.fingerprint
        if not self._is_archive():
            length = self._file.path.stat().st_size
            rows = self._layout.count(length, f"source {self._name}: {self._file.name}")
            return cut(self._name, rows, self._rows, fingerprint)
        found: list[Partition] = []
        for member, length in self._members():
            rows = self._layout.count(length, f"source {self._name}: {member}")
            found += cut(self._name, rows, self._rows, fingerprint, member=member, first=len(found))
        return found

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        self._file.verify()
        partition.check_unchanged(self._file.fingerprint)
        if partition.member is None:
            with ByteStream(self._file.path, self._file.name) as stream:
                stream.skip(partition.start * self._layout.record)
                yield from _tables(
                    partition, stream.read, self._words(), self._layout, self._file.name
                )
            return
        words = self._words()
        with self._archive() as archive:
            for member in archive:
                if member.isreg() and member.name == partition.member:
                    content = archive.extractfile(member)
                    if content is not None:
                        yield from self._read_member(partition, content, words)
                    return

    def _read_member(
        self, partition: Partition, content: IO[bytes], words: list[str]
    ) -> Iterator[pa.Table]:
        file = _base(partition.member or "")
        content.seek(partition.start * self._layout.record)
        yield from _tables(partition, content.read, words, self._layout, file, locator=f"{file}/")

    @cached_property
    def _layout(self) -> Layout:
        if self._labels is not None:
            return CIFAR_100[self._labels]
        fine = CIFAR_100["fine"]
        found = self._is_archive() and any(fnmatchcase(name, fine.names) for name in self._files)
        return fine if found else CIFAR_10

    @cached_property
    def _files(self) -> Mapping[str, int]:
        """The archive's files and their lengths in bytes."""
        with self._archive() as archive:
            return {member.name: member.size for member in archive if member.isreg()}

    def _is_archive(self) -> bool:
        with self._file.path.open("rb") as file:
            file.seek(_TAR_MAGIC_AT)
            magic = file.read(5)
        return is_compressed(self._file.path) or magic == b"ustar"

    def _members(self) -> list[tuple[str, int]]:
        """Return the names and lengths of the members to read: by pattern, then by name."""
        files = self._files
        matched = [sorted(n for n in files if fnmatchcase(n, p)) for p in self._patterns]
        names = list(dict.fromkeys(name for found in matched for name in found))
        if not names or len({_base(name) for name in names}) < len(names):
            raise DataError(
                "members of one file name in several folders" if names else "no member matches",
                where=f"source {self._name}: {self._file.name}",
                expected=f"members like {', '.join(self._patterns)}",
                received=", ".join(names[:5] or sorted(files)[:5]) or "no file at all",
                remedy="Set `members` to patterns of the names in the archive.",
            )
        return [(name, files[name]) for name in names]

    def _words(self) -> list[str]:
        """Return the classes' names in label order; their numbers where there are no names."""
        return self._class_names() or [str(label) for label in range(self._layout.classes)]

    def _class_names(self) -> list[str]:
        if self._names is None or not self._is_archive():
            return []
        pattern = self._layout.names if self._names == _AUTO else self._names
        with self._archive() as archive:
            for member in archive:
                if member.isreg() and fnmatchcase(member.name, pattern):
                    content = archive.extractfile(member)
                    text = b"" if content is None else content.read(_MOST_NAMES)
                    lines = text.decode("utf-8", "replace").split("\n")
                    return [line.strip() for line in lines if line.strip()]
        return []

    @contextmanager
    def _archive(self) -> Iterator[tarfile.TarFile]:
        try:
            with tarfile.open(unpacked(self._file), "r:") as archive:
                yield archive
        except (tarfile.TarError, EOFError) as error:
            raise DataError(
                "an archive is truncated or damaged",
                where=f"source {self._name}: {self._file.name}",
                expected="a tar archive, gzip-compressed or not",
                received=error,
                remedy="Get the file again.",
            ) from error


def _tables(
    partition: Partition,
    read: Read,
    words: list[str],
    layout: Layout,
    file: str,
    locator: str = "",
) -> Iterator[pa.Table]:
    import numpy as np

    from millrace.data.sources.raw import pixel_table, spans

    size = layout.record
    for start, stop in spans(partition.start, partition.stop, size):
        data = read((stop - start) * size)
        records = np.frombuffer(data, np.uint8, len(data) // size * size).reshape(-1, size)
        planes = records[:, layout.labels :].reshape(-1, 3, SIDE, SIDE)
        images = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
        numbers = records[:, layout.at].tolist()
        labels = [words[number] if number < len(words) else None for number in numbers]
        yield pixel_table(partition, start, images, labels, file, locator=locator)


def _base(member: str) -> str:
    return PurePosixPath(member).name.encode("utf-8", "replace").decode()
