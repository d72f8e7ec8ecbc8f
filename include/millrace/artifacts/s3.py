"""S3 and what speaks its protocol: settings of the client, each operation in one request.

Credentials, region and endpoint come from the variables of AWS's own tools; none is kept here.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from millrace.artifacts.remote import RemoteBackend

CONNECT_SECONDS = 10
READ_SECONDS = 30
ATTEMPTS = 3  # of a request, by the client itself; AWS_MAX_ATTEMPTS replaces it
PART_BYTES = 16 << 20
"""Bytes of a part; twice as much and more goes up and down in parts."""

_MOST_PARTS = 10_000
_AT_ONCE = 4  # parts in flight: what they hold is in memory


def client_options() -> dict[str, Any]:
    """Return the options of `s3fs`, so that every wait and every repetition has an end."""
    retries: dict[str, Any] = {}
    if not os.environ.get("AWS_RETRY_MODE"):
        retries["mode"] = "standard"
    if not os.environ.get("AWS_MAX_ATTEMPTS"):
        retries["total_max_attempts"] = ATTEMPTS
    timeouts = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS}
    return {"config_kwargs": {**timeouts, "retries": retries}}


class S3Backend(RemoteBackend):
    """A prefix of a bucket."""

    def read(self, name: str) -> bytes | None:
        """Return the content in one request, without asking for its size before."""
        return self._unless_missing(
            name, lambda: bytes(self._fs.cat_file(self._path(name), max_concurrency=1))
        )

    def size(self, name: str) -> int | None:
        """Return the size in one request, without looking whether it is a folder."""
        bucket, key, _ = self._fs.split_path(self._path(name))
        return self._unless_missing(
            name,
            lambda: int(self._fs.call_s3("head_object", Bucket=bucket, Key=key)["ContentLength"]),
        )

    def upload(self, name: str, path: Path) -> None:
        """Copy a file there as a whole or not at all, a large one in parts."""
        part = max(PART_BYTES, math.ceil(path.stat().st_size / _MOST_PARTS))
        options = {"chunksize": part, "max_concurrency": _AT_ONCE}
        self._try(name, lambda: self._fs.put_file(str(path), self._path(name), **options))

    def download(self, name: str, path: Path) -> None:
        """Copy an object here, a large one in parts."""
        options = {"chunksize": PART_BYTES, "max_concurrency": _AT_ONCE}
        self._try(name, lambda: self._fs.get_file(self._path(name), str(path), **options), path)

    def remove_tree(self, prefix: str) -> None:
        """Remove all below a prefix; one request where there is nothing."""
        bucket, key, _ = self._fs.split_path(self._path(prefix))
        query = {"Bucket": bucket, "Prefix": f"{key}/", "MaxKeys": 1}
        found = self._try(prefix, lambda: self._fs.call_s3("list_objects_v2", **query))
        if found.get("KeyCount", 0):
            super().remove_tree(prefix)
