"""`FolderDigests`: the content digests of a local folder's files, remembered by their stat.

One note per folder lies in the cache. A note that is missing or damaged costs time, never a wrong
digest.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from millrace.artifacts.digests import digest_file
from millrace.data.sources.cache import cache_folder, new_file
from millrace.data.sources.listing import Entry
from millrace.data.sources.listing_errors import unreadable

log = logging.getLogger(__name__)

_FORMAT = 1
_THREADS = 8
_CHUNK = 64  # files that a thread takes at once
_SAY_EVERY = 10.0  # seconds
_SETTLED = 5.0  # seconds after its last change from which a file's digest may be remembered


class FolderDigests:
    """Digests of the files below `root` that `pattern` chooses."""

    def __init__(self, root: Path, pattern: str | None) -> None:
        self._root = root
        self._pattern = pattern

    def of(self, entries: Sequence[Entry], *, remember: bool) -> list[str]:
        """Return the SHA-256 of each file's content, read where it is not known.

        Raises:
            DataError: a file is gone or cannot be read.
        """
        known = {e.name: d for e in entries if (d := self._known.get(f"{e.version} {e.name}"))}
        unknown = [entry for entry in entries if entry.name not in known]
        before = time.time()
        chunks = [unknown[n : n + _CHUNK] for n in range(0, len(unknown), _CHUNK)]
        with ThreadPoolExecutor(_THREADS) as pool:
            said = time.monotonic()
            for number, digests in enumerate(pool.map(_digests, chunks)):
                known.update(zip((entry.name for entry in chunks[number]), digests, strict=True))
                if time.monotonic() - said > _SAY_EVERY:
                    said = time.monotonic()
                    log.info("%s: read %d of %d files", self._root, len(known), len(entries))
        if remember and (unknown or len(self._known) != len(entries)):
            self._write(
                {f"{e.version} {e.name}": known[e.name] for e in entries if _old(e, before)}
            )
        return [known[entry.name] for entry in entries]

    @property
    def _path(self) -> Path:
        name = sha256(os.fsencode(f"{self._root}\0{self._pattern or ''}")).hexdigest()
        return cache_folder("digests") / f"folder-{name}.json"

    @cached_property
    def _known(self) -> Mapping[str, str]:
        try:
            note = json.loads(self._path.read_text())
            return dict(note["files"]) if note["format"] == _FORMAT else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def _write(self, files: Mapping[str, str]) -> None:
        with new_file(self._path) as part:
            part.write_text(json.dumps({"format": _FORMAT, "files": files}))


def version_of(stat: os.stat_result) -> str:
    """Return what of a file's stat changes whenever its content does."""
    return f"{stat.st_size}-{stat.st_mtime_ns}-{stat.st_ctime_ns}-{stat.st_ino}"


def _old(entry: Entry, before: float) -> bool:
    """Whether a file was left alone for long enough that its stat tells a later change."""
    _, modified, changed, _ = entry.version.split("-")
    return max(int(modified), int(changed)) / 1e9 < before - _SETTLED


def _digests(entries: Sequence[Entry]) -> list[str]:
    return [_digest(entry) for entry in entries]


def _digest(entry: Entry) -> str:
    try:
        return digest_file(Path(entry.place))
    except OSError as error:
        raise unreadable(entry.name, error) from error
