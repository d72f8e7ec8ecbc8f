"""`RemoteTree`: the files below a prefix of a bucket, or any folder that fsspec lists."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from operator import attrgetter
from typing import Any

from millrace.data.sources.listing import LARGEST_FILE, NOTE, Entry
from millrace.data.sources.listing_errors import changed
from millrace.data.sources.listing_names import is_hidden, is_picture, record_name
from millrace.data.sources.remote import open_remote, version_of_info
from millrace.data.sources.remote_errors import failures, patiently
from millrace.errors import DataError

_THREADS = 8
_LARGEST_NOTE = 256 << 20  # bytes


class RemoteTree:
    """Objects below `uri`, by the digests or dates that their store tells.

    The store is believed: an object's version is its ETag or another digest of the store's and its
    size, or else its date and size.
    """

    wrapper = ""

    def __init__(self, uri: str, pattern: str | None) -> None:
        self._uri = uri.rstrip("/")
        self._pattern = pattern
        self._fs, root = open_remote(self._uri)
        self._root = root.rstrip("/")
        self.ignored = 0

    def names(self) -> Sequence[str]:
        """Return the names of all files, sorted."""
        return [entry.name for entry in self._found]

    def entries(self, start: str = "") -> Iterator[Entry]:
        """Yield the files from the name `start` on."""
        yield from self._found[bisect_left(self._found, start, key=attrgetter("name")) :]

    def digests(self, entries: Sequence[Entry], *, remember: bool) -> list[str]:  # noqa: ARG002
        """Return the version of each object."""
        return [entry.version for entry in entries]

    def contents(
        self,
        entries: Sequence[Entry],
        digests: Sequence[str],  # noqa: ARG002
    ) -> Iterator[bytes | None]:
        """Yield what each object holds, several fetched at once."""
        with ThreadPoolExecutor(_THREADS) as pool:
            yield from pool.map(self._read, entries)

    def note(self) -> bytes | None:
        """Return the labels in the prefix itself."""
        path = f"{self._root}/{NOTE}"
        info = self._objects.get(path)
        if info is None:
            return None
        if info["size"] > _LARGEST_NOTE:
            raise DataError(
                "a file of labels is too large",
                where=f"{self._uri}/{NOTE}",
                expected=f"at most {_LARGEST_NOTE:,} bytes",
                received=f"{info['size']:,} bytes",
            )
        return self._get(path)

    def check_settled(self, entries: Sequence[Entry]) -> None:
        """Raise `DataError` where an object is no longer the one that was listed."""
        now = self._list()
        for entry in entries:
            info = now.get(entry.place)
            version = None if info is None else version_of_info(info, content=True)
            if version != entry.version:
                raise changed(f"{self._uri}/{entry.name}", entry.version, version or "nothing")

    def _read(self, entry: Entry) -> bytes | None:
        if entry.size > LARGEST_FILE:
            return None
        content = self._get(entry.place)
        if len(content) != entry.size:
            where = f"{self._uri}/{entry.name}"
            raise changed(where, f"{entry.size} bytes", f"{len(content)} bytes")
        return content

    def _get(self, path: str) -> bytes:
        def get() -> bytes:
            with failures(self._uri + path.removeprefix(self._root)):
                return bytes(self._fs.cat_file(path))

        return patiently(get)

    @cached_property
    def _found(self) -> list[Entry]:
        """All files, sorted by name."""
        self.ignored = 0
        found: list[Entry] = []
        for path, info in self._objects.items():
            name = path.removeprefix(self._root).lstrip("/")
            if any(is_hidden(part) for part in name.split("/")):
                continue
            if not is_picture(name, self._pattern):
                self.ignored += 1
                continue
            version = version_of_info(info, content=True)
            found.append(Entry(record_name(name), path, int(info["size"]), version))
        return sorted(found, key=attrgetter("name"))

    @cached_property
    def _objects(self) -> Mapping[str, Mapping[str, Any]]:
        """What the store tells of each object, by path."""
        return self._list()

    def _list(self) -> Mapping[str, Mapping[str, Any]]:
        def find() -> Mapping[str, Mapping[str, Any]]:
            with failures(self._uri):
                self._fs.invalidate_cache()
                found: Mapping[str, Mapping[str, Any]] = self._fs.find(self._root, detail=True)
                if not found:
                    self._fs.info(self._root)
                return found

        return patiently(find)
