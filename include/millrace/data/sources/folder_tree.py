"""`open_tree`: the files that the ``uri`` of a source of folders points to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from millrace.data.sources.archive import ArchiveTree
from millrace.data.sources.archive_members import Archive
from millrace.data.sources.archive_tar import TarArchive
from millrace.data.sources.archive_zip import ZipArchive
from millrace.data.sources.files import SourceFile, is_http, is_remote, local_path, open_source
from millrace.data.sources.listing import FileTree
from millrace.data.sources.listing_local import LocalTree
from millrace.data.sources.reader import file_name
from millrace.data.sources.stream import is_compressed
from millrace.errors import DataError, SpecError

_ARCHIVES = (
    *(".zip", ".tar", ".tar.gz", ".tgz"),
    *(".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz"),
)
_ZIP = b"PK"
_TAR_MAGIC_AT = 257


def open_tree(document: Mapping[str, Any]) -> FileTree:
    """Return the tree of a folder, an archive or a remote folder.

    Raises:
        DataError: there is none, it cannot be read, or it is a file of another kind.
        SpecError: a digest is declared for a folder, or the URI cannot be opened.
    """
    uri, folder, pattern = document["uri"], document["folder"], document["pattern"]
    if is_remote(uri) and not (is_http(uri) or is_archive(uri)):
        from millrace.data.sources.listing_remote import RemoteTree

        _check_no_digest(document)
        return RemoteTree(f"{uri.rstrip('/')}/{folder}", pattern)
    path = local_path(uri)
    if uri and path.is_dir():
        _check_no_digest(document)
        return LocalTree(_subfolder(path, folder, uri), pattern)
    file = open_source(uri, document["sha256"])
    return ArchiveTree(_archive(file), file, folder, pattern)


def _check_no_digest(document: Mapping[str, Any]) -> None:
    if document["sha256"] is not None:
        raise SpecError(
            "a folder has no sha256",
            where=f"source {document['name']}: {document['uri']}",
            remedy="Leave sha256 out; it is for archives.",
        )


def is_archive(uri: str) -> bool:
    """Whether a remote path is an archive's, by its ending: a prefix cannot be looked into."""
    return file_name(uri).lower().endswith(_ARCHIVES)


def _subfolder(root: Path, folder: str, uri: str) -> Path:
    path = root / folder
    inside = path.resolve().is_relative_to(root.resolve())
    if not (inside and path.is_dir()):
        raise DataError(
            "a folder of a source does not exist",
            where=uri,
            expected="a folder inside",
            received=folder,
            remedy="Correct `folder`.",
        )
    return path


def _archive(file: SourceFile) -> Archive:
    with file.path.open("rb") as opened:
        start = opened.read(_TAR_MAGIC_AT + 5)
    if start.startswith(_ZIP):
        return ZipArchive(file)
    if start[_TAR_MAGIC_AT:] == b"ustar" or is_compressed(file.path):
        return TarArchive(file)
    raise DataError(
        "a source is neither a folder nor an archive",
        where=file.uri,
        expected="a folder, or a .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz file",
        received=f"a file that begins with {start[:8]!r}",
        remedy="Name the folder that holds the files.",
    )
