"""`open_source`: the file behind a path or URI, on this machine's disk. Never changes a source.

A local path is used where it lies. Anything else that fsspec reads is fetched once into the cache
(``MILLRACE_HOME/sources``, or the temporary folder) under a name made of its URI and its version,
and appears there only when it is whole.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256 as _sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

from millrace.artifacts.digests import digest_file, digest_value
from millrace.artifacts.failures import disk_failure
from millrace.data.sources.cache import PART, cache_folder, finish_file, locked, new_file
from millrace.data.sources.reader import file_name
from millrace.errors import DataError, MillraceError, TransientError
from millrace.settings import Settings

_LARGE = 64 << 20  # bytes; the digests of larger files are remembered
_SETTLED = 5.0  # seconds after its last change from which a file's digest may be remembered
_REMEDY = (
    "Check the path. If it comes from a variable such as ${MNIST}, set that to a folder or URL "
    "that holds the files."
)


@dataclass(frozen=True)
class SourceFile:
    """A readable file.

    Attributes:
        path: where it is on this machine. name: its name at the source, without folders.
        uri: what the spec says. sha256: what the spec says its digest is, or None.
        copied: whether `path` is a copy in the cache.
    """

    path: Path
    name: str
    uri: str
    sha256: str | None
    copied: bool = False

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the content as it is."""
        return _digest(self.path)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the content: the declared one, else computed."""
        return self.sha256 or self.digest

    def verify(self) -> None:
        """Compare the content with the declared digest.

        Raises:
            DataError: they differ.
            TransientError: the copy in the cache is damaged; it was removed.
        """
        if self.sha256 in (None, self.digest):
            return
        if self.copied:
            self.path.unlink(missing_ok=True)
            raise TransientError(
                "a copy of a source is damaged; it was removed and will be fetched again",
                where=self.uri,
                expected=self.sha256,
                received=self.digest,
            )
        raise _mismatch(self.uri, self.sha256, self.digest)


def open_source(uri: str, sha256: str | None = None) -> SourceFile:
    """Return the file at a local path, a ``file:`` URI or any URI that fsspec reads.

    Args:
        uri: a relative path is looked for in the project (``MILLRACE_PROJECT``), then in the
            current folder.
        sha256: declared digest of the content. A local file is compared with it by
            `SourceFile.verify`, a fetched one at once.

    Raises:
        DataError: it does not exist, cannot be read, or fails its checksum.
        SpecError: the package that this kind of URI needs is not installed.
        TransientError: the network or the server failed.
    """
    if is_remote(uri):
        return _fetched(uri, sha256)
    path = local_path(uri)
    return SourceFile(_readable(path, uri), path.name, uri, sha256)


def is_remote(uri: str) -> bool:
    """Whether a text is a URI of something that is not a file of this machine."""
    return "://" in uri and not uri.startswith("file:")


def is_http(uri: str) -> bool:
    """Whether a web server holds the file."""
    return uri.lower().startswith(("http://", "https://"))


def local_path(uri: str) -> Path:
    """Return the path that a text or a ``file:`` URI names, in the project where it is there."""
    if uri.startswith("file:"):
        return Path(unquote(urlsplit(uri).path))
    path = Path(uri).expanduser()
    in_project = Settings.load().project / path
    return in_project if in_project.exists() else path.absolute()


def _readable(path: Path, uri: str) -> Path:
    problem = None
    if not path.exists():
        problem = "a source's file does not exist"
    elif not path.is_file():
        problem = "a source is not a file"
    elif not os.access(path, os.R_OK):
        problem = "a source's file cannot be read"
    if problem is not None:
        raise DataError(problem, where=uri or "(an empty path)", expected="a file", remedy=_REMEDY)
    return path


def _fetched(uri: str, sha256: str | None) -> SourceFile:
    from millrace.data.sources.remote import version

    tag = sha256 or version(uri)
    name = file_name(uri)
    folder = cache_folder("sources") / digest_value([uri, tag])[:32]
    path, note = folder / name, folder / ".sha256"
    with locked(folder):
        if not (path.is_file() and note.is_file()):
            received = _download(uri, path, sha256)
            with new_file(note) as part:
                part.write_text(received)
    return SourceFile(path, name, uri, sha256 or note.read_text(), copied=True)


def _download(uri: str, path: Path, sha256: str | None) -> str:
    """Fetch a file, whose beginning an earlier attempt may have left; return its digest."""
    from millrace.data.sources.remote import download

    part = path.with_name(PART)
    try:
        download(uri, part)
        received = digest_file(part)
        if sha256 not in (None, received):
            part.unlink()
            raise _mismatch(uri, sha256, received)
        finish_file(part, path)
    except OSError as error:
        raise disk_failure(error, path.parent) from error
    return received


def _mismatch(uri: str, expected: str | None, received: str) -> MillraceError:
    return DataError(
        "a source fails its checksum",
        where=uri,
        expected=f"sha256 {expected}",
        received=f"sha256 {received}",
        remedy="Get the file again, or correct sha256 in the spec if the new content is right.",
    )


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file; that of a large, settled one is remembered by its stat."""
    stat = path.stat()
    if stat.st_size < _LARGE:
        return digest_file(path)
    seen = [str(path.resolve()), stat.st_size, stat.st_mtime_ns, stat.st_ino]
    note = cache_folder("digests") / f"{_sha256(json.dumps(seen).encode()).hexdigest()}.txt"
    if note.is_file():
        return note.read_text()
    digest = digest_file(path)
    if time.time() - stat.st_mtime > _SETTLED:
        with new_file(note) as part:
            part.write_text(digest)
    return digest
