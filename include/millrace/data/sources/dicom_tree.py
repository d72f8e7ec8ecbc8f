"""`open_private_tree`: the files of a source of people's data, of which no trace is left on disk.

An archive that is compressed is unpacked into a file without a name, which is gone with its
process. Nothing of a listing is remembered in the clear.
"""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import IO, Any
from weakref import finalize

from millrace.data.sources.archive import ArchiveTree
from millrace.data.sources.archive_index import ArchiveIndex
from millrace.data.sources.archive_members import Member, Read, archive_failures, damaged_archive
from millrace.data.sources.archive_zip import ZipArchive
from millrace.data.sources.files import SourceFile, is_http, is_remote, local_path, open_source
from millrace.data.sources.folder_tree import is_archive, open_tree
from millrace.data.sources.listing import FileTree
from millrace.data.sources.stream import ByteStream, is_compressed
from millrace.data.sources.unpacked import largest_content
from millrace.errors import DataError, SpecError

_DIRECTORY = "DICOMDIR"
_ZIP = b"PK"
_ALL = "*"


def open_private_tree(document: Mapping[str, Any]) -> FileTree:
    """Return all files of a folder, of the folder of a DICOMDIR, of an archive or a remote folder.

    Raises:
        DataError: there is none, or it cannot be read.
        SpecError: an archive would have to be copied to this machine in the clear.
    """
    uri = str(document["uri"])
    if is_remote(uri) and (is_http(uri) or is_archive(uri)):
        raise SpecError(
            "an archive of identified files would be copied to this machine in the clear",
            where=f"source {document['name']}",
            expected="a folder, an archive on this machine, or a remote folder",
            remedy="Unpack the archive into the remote folder, or copy it where it may lie.",
        )
    if not is_remote(uri) and local_path(uri).name.upper() == _DIRECTORY:
        uri = str(local_path(uri).parent)
    asked = {**document, "uri": uri, "pattern": _ALL}
    if is_remote(uri) or local_path(uri).is_dir():
        return open_tree(asked)
    file = open_source(uri, document["sha256"])
    with file.path.open("rb") as opened:
        is_zip = opened.read(2) == _ZIP
    archive = ZipArchive(file) if is_zip else _PrivateTar(file)
    return _PrivateArchive(archive, file, document["folder"], _ALL)


class _PrivateArchive(ArchiveTree):
    """An archive whose listing is made anew each time: names of files may be names of people."""

    @cached_property
    def _index(self) -> ArchiveIndex:
        return self._listed()


class _PrivateTar:
    """A .tar; a compressed one is unpacked into a file without a name."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file

    def members(self) -> Iterator[Member]:
        """Yield the members in their order; a place is offset and size in the unpacked file."""
        self._content.seek(0)
        with (
            archive_failures(self._file),
            tarfile.open(fileobj=self._content, mode="r:") as archive,
        ):
            while (info := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # else it keeps them all
                plain = info.isreg() and not info.issparse() and info.size >= 0
                place = f"{info.offset_data}+{info.size}"
                yield Member(info.name, place, info.size, plain, info.isdir())

    @contextmanager
    def opened(self) -> Iterator[Read]:
        """Give access to the unpacked file."""

        def read(place: str, name: str) -> bytes:
            start, size = map(int, place.split("+"))
            self._content.seek(start)
            content = self._content.read(size)
            if len(content) < size:
                raise damaged_archive(self._file, f"{size - len(content)} bytes less", name)
            return content

        yield read

    @cached_property
    def _content(self) -> IO[bytes]:
        """The unpacked file; it is closed, and gone, with this object."""
        if not is_compressed(self._file.path):
            content: IO[bytes] = self._file.path.open("rb")
            finalize(self, content.close)
            return content
        content = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as its reader)
        finalize(self, content.close)
        limit, written = largest_content(self._file), 0
        with ByteStream(self._file.path, self._file.name) as stream:
            for chunk in stream.chunks():
                written += len(chunk)
                if written > limit:
                    raise DataError(
                        "a compressed file unpacks to too much",
                        where=self._file.name,
                        expected=f"at most {limit:,} bytes",
                        received="more",
                        remedy="Check where the file is from; if it is right, give it unpacked.",
                    )
                content.write(chunk)
        return content
