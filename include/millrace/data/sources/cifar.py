"""`CifarReader`: CIFAR-10's binary version, as a .bin file or inside a tar archive.

Format: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. A record is
one label byte and 32 x 32 pixels as three planes, red, green, blue. No member is ever extracted
to disk, so paths and links inside an archive cannot do harm.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any, ClassVar

from millrace.data.sources.files import open_source
from millrace.data.sources.partition import Partition, cut
from millrace.data.sources.stream import ByteStream, is_compressed
from millrace.data.sources.unpacked import unpacked
from millrace.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_SIDE = 32
_RECORD = 1 + 3 * _SIDE * _SIDE
_HIGHEST_LABEL = 9
_MOST_NAMES = 1 << 16  # bytes
_TAR_MAGIC_AT = 257

Read = Callable[[int], bytes]


class CifarReader:
    """Reads the records of one archive or one file.

    A label is the class's name where the archive has a member with the names, else its number. A
    label byte above 9 is no label: cleaning refuses the record as ``missing_label``.
    """

    places: ClassVar[tuple[str, ...]] = ("uri",)

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._name: str = document["name"]
        self._rows: int = document["partition_rows"]
        self._patterns: list[str] = list(document["members"])
        self._names: str | None = document.get("class_names")
        self._file = open_source(document["uri"], document.get("sha256"))

    def partitions(self) -> list[Partition]:
        """List the partitions, member by member; a compressed archive is unpacked once."""
        fingerprint = self._file.fingerprint
        if not self._is_archive():
            length = self._file.path.stat().st_size
            rows = self._count(self._file.name, length)
            return cut(self._name, rows, self._rows, fingerprint)
        found: list[Partition] = []
        for member, length in self._members():
            rows = self._count(member, length)
            found += cut(self._name, rows, self._rows, fingerprint, member=member, first=len(found))
        return found

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        self._file.verify()
        partition.check_unchanged(self._file.fingerprint)
        if partition.member is None:
            with ByteStream(self._file.path, self._file.name) as stream:
                stream.skip(partition.start * _RECORD)
                yield from _tables(partition, stream.read, [], self._file.name)
            return
        names = self._class_names()
        with self._archive() as archive:
            for member in archive:
                if member.isreg() and member.name == partition.member:
                    content = archive.extractfile(member)
                    if content is not None:
                        yield from self._read_member(partition, content, names)
                    return

    def _read_member(
        self, partition: Partition, content: IO[bytes], names: list[str]
    ) -> Iterator[pa.Table]:
        file = _base(partition.member or "")
        content.seek(partition.start * _RECORD)
        yield from _tables(partition, content.read, names, file, locator=f"{file}/")

    def _is_archive(self) -> bool:
        with self._file.path.open("rb") as file:
            file.seek(_TAR_MAGIC_AT)
            magic = file.read(5)
        return is_compressed(self._file.path) or magic == b"ustar"

    def _count(self, name: str, length: int) -> int:
        if length % _RECORD:
            raise DataError(
                "a CIFAR file has the wrong length",
                where=f"source {self._name}: {name}",
                expected=f"a multiple of {_RECORD} bytes",
                received=f"{length} bytes",
                remedy="Get the file again, and check that it is the binary version.",
            )
        return length // _RECORD

    def _members(self) -> list[tuple[str, int]]:
        """Return the names and lengths of the members to read: by pattern, then by name."""
        with self._archive() as archive:
            files = {member.name: member.size for member in archive if member.isreg()}
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

    def _class_names(self) -> list[str]:
        """Return the class names in label order; empty where there are none."""
        if self._names is None:
            return []
        with self._archive() as archive:
            for member in archive:
                if member.isreg() and fnmatchcase(member.name, self._names):
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
    partition: Partition, read: Read, names: list[str], file: str, locator: str = ""
) -> Iterator[pa.Table]:
    import numpy as np

    from millrace.data.sources.raw import pixel_table, spans

    words = names or [str(label) for label in range(_HIGHEST_LABEL + 1)]
    for start, stop in spans(partition.start, partition.stop, _RECORD):
        data = read((stop - start) * _RECORD)
        records = np.frombuffer(data, np.uint8, len(data) // _RECORD * _RECORD).reshape(-1, _RECORD)
        planes = records[:, 1:].reshape(-1, 3, _SIDE, _SIDE)
        images = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
        labels = [words[label] if label < len(words) else None for label in records[:, 0].tolist()]
        yield pixel_table(partition, start, images, labels, file, locator=locator)


def _base(member: str) -> str:
    return PurePosixPath(member).name.encode("utf-8", "replace").decode()
