"""`unpacked`: a compressed source as a plain file in the cache, whose partitions can be sought.

Content out of all proportion to its archive is refused before it fills the disk.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

from millrace.data.sources.cache import cache_folder, new_file
from millrace.data.sources.files import SourceFile
from millrace.data.sources.stream import ByteStream, is_compressed
from millrace.errors import DataError, TransientError

_CHUNK = 1 << 20  # bytes
_LARGEST = 1 << 30  # bytes that any archive may unpack to
_RATIO = 200  # of larger content to its archive


def unpacked(file: SourceFile, size: int | None = None) -> Path:
    """Return a path of the file's content, decompressed where it is compressed.

    Args:
        size: bytes that the content must have, so that no more is ever written; None takes what
            there is.

    Raises:
        DataError: the content is truncated, damaged, not of that size, or more than 200 times as
            large as the archive and larger than a gibibyte.
        TransientError: the disk has no room for it.
    """
    if not is_compressed(file.path):
        return file.path
    path = cache_folder("unpacked") / file.digest
    if path.is_file():
        return path
    try:
        with ByteStream(file.path, file.name) as stream, new_file(path) as part:
            _write(stream, part, file, size)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise _no_room(file, path.parent) from error
    return path


def largest_content(file: SourceFile) -> int:
    """Return the bytes that the content of an archive may have, at most."""
    return max(_LARGEST, _RATIO * file.path.stat().st_size)


def _write(stream: ByteStream, part: Path, file: SourceFile, size: int | None) -> None:
    limit = largest_content(file)
    free = shutil.disk_usage(part.parent).free
    written = 0
    with part.open("wb") as out:
        for chunk in _chunks(stream, size):
            written += len(chunk)
            if written > limit:
                raise _bomb(file, limit)
            if written > free:
                raise _no_room(file, part.parent)
            out.write(chunk)


def _chunks(stream: ByteStream, size: int | None) -> Iterator[bytes]:
    if size is None:
        yield from stream.chunks()
        return
    for start in range(0, size, _CHUNK):
        yield stream.read(min(_CHUNK, size - start))
    stream.check_end()


def _bomb(file: SourceFile, limit: int) -> DataError:
    return DataError(
        "a compressed file unpacks to too much",
        where=file.name,
        expected=f"at most {limit:,} bytes from {file.path.stat().st_size:,}",
        received="more",
        remedy="Check where the file is from; if it is right, give it uncompressed.",
    )


def _no_room(file: SourceFile, folder: Path) -> TransientError:
    return TransientError(
        "the disk has no room for the unpacked source",
        where=file.name,
        received=f"{shutil.disk_usage(folder).free:,} bytes free",
        remedy="Free some space, or set MILLRACE_HOME to a folder on a larger disk.",
    )
