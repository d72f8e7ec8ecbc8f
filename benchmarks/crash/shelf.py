"""Where a stack's store is, looked at from beside: on this disk, or in a bucket of moto's server.

The watcher reads progress documents here, past the product and past the cut that is in force.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol


class Shelf(Protocol):
    """A store that can be read and emptied from outside."""

    uri: str

    def environment(self) -> dict[str, str]:
        """Return the variables that lead the product to it."""

    def progress(self) -> Iterator[bytes]:
        """Yield every progress document."""

    def clear(self) -> None:
        """Remove everything."""


class Disk:
    """A store in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.uri = folder.as_uri()

    def environment(self) -> dict[str, str]:
        return {}

    def progress(self) -> Iterator[bytes]:
        for path in self._folder.glob("documents/progress/*.json"):
            try:
                yield path.read_bytes()
            except FileNotFoundError:
                continue

    def clear(self) -> None:
        for path in self._folder.iterdir() if self._folder.exists() else ():
            shutil.rmtree(path)


class Bucket:
    """A store in a bucket; the product reaches it through a proxy that can cut it off.

    Args:
        server: a running S3 endpoint. address: URL of the proxy before it.
        bucket: its name; a new one by default.
    """

    def __init__(self, server: Any, address: str, bucket: str | None = None) -> None:
        self._server, self._address = server, address
        self._client = server.client()
        self._bucket = bucket or server.bucket()
        self.uri = f"s3://{self._bucket}/millrace"

    def environment(self) -> dict[str, str]:
        return {**self._server.environment(), "AWS_ENDPOINT_URL": self._address}

    def progress(self) -> Iterator[bytes]:
        for key in self._keys("millrace/documents/progress/"):
            try:
                yield self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except self._client.exceptions.NoSuchKey:
                continue

    def clear(self) -> None:
        for key in self._keys(""):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def _keys(self, prefix: str) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self._bucket, Prefix=prefix)
        return [item["Key"] for page in found for item in page.get("Contents", [])]
