"""Uploads to an S3 store that were begun and never ended: invisible, and paid for.

Other kinds of stores have none, or forget them by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from millrace.artifacts.file_system import open_file_system
from millrace.errors import TransientError


@dataclass(frozen=True)
class Upload:
    """An unfinished upload. `began`: seconds since the epoch, by the store's clock."""

    name: str
    identity: str
    began: float


class Uploads:
    """The unfinished uploads below a store's root.

    Args:
        uri: of the store.
    """

    def __init__(self, uri: str) -> None:
        self._fs, self._root = open_file_system(uri)
        self._bucket, _, self._prefix = self._root.strip("/").partition("/")

    def listed(self) -> list[Upload]:
        """Return the unfinished uploads; none where the store does not list any."""
        if not hasattr(self._fs, "list_multipart_uploads"):
            return []
        try:
            found: list[dict[str, Any]] = self._fs.list_multipart_uploads(self._bucket)
        except (PermissionError, NotImplementedError):  # who may not see them may not end them
            return []
        except Exception as error:  # the clients of stores share no base class
            raise TransientError("the store does not answer", where=self._bucket) from error
        return [
            Upload(one["Key"], one["UploadId"], one["Initiated"].timestamp())
            for one in found
            if one["Key"].startswith(f"{self._prefix}/" if self._prefix else "")
        ]

    def end(self, uploads: list[Upload]) -> None:
        """Give the uploads up; what ended meanwhile is fine."""
        for one in uploads:
            try:
                self._fs.call_s3(
                    "abort_multipart_upload",
                    Bucket=self._bucket,
                    Key=one.name,
                    UploadId=one.identity,
                )
            except FileNotFoundError:
                continue
            except Exception as error:
                raise TransientError("the store does not answer", where=one.name) from error
