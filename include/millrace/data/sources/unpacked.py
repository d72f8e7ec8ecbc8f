"""`unpacked`: a gzip source as a plain file in the cache, so that its partitions can be sought."""

from __future__ import annotations

from pathlib import Path

from millrace.data.sources.cache import cache_folder, new_file
from millrace.data.sources.files import SourceFile
from millrace.data.sources.stream import ByteStream, is_gzip

_CHUNK = 1 << 20  # bytes


def unpacked(file: SourceFile, size: int | None = None) -> Path:
    """Return a path of the file's content, decompressed where it is gzip.

    Args:
        size: bytes that the content must have, so that no more is ever written; None takes what
            there is.

    Raises:
        DataError: the content is truncated, damaged, or not of that size.
    """
    if not is_gzip(file.path):
        return file.path
    path = cache_folder("unpacked") / file.digest
    if path.is_file():
        return path
    with ByteStream(file.path, file.name) as stream, new_file(path) as part, part.open("wb") as out:
        if size is None:
            out.writelines(stream.chunks())
        else:
            for start in range(0, size, _CHUNK):
                out.write(stream.read(min(_CHUNK, size - start)))
            stream.check_end()
    return path
