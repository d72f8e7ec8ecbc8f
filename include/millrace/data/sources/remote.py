"""`version` and `download` of a remote file, with every failure as one of ours.

Web servers are asked directly, everything else through fsspec.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fsspec

from millrace.artifacts import s3
from millrace.artifacts.digests import digest_value
from millrace.data.sources.files import is_http
from millrace.data.sources.remote_errors import failures, patiently
from millrace.data.sources.remote_http import http_download, http_version
from millrace.errors import SpecError

_S3 = ("s3://", "s3a://")
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "abfs": "abfs", "abfss": "abfs",
           "az": "abfs"}  # fmt: skip
_CONTENT = ("ETag", "etag", "md5Hash", "content_md5", "Content-MD5")
_VERSION = ("ETag", "etag", "Content-MD5", "Digest", "Last-Modified", "LastModified", "md5Hash",
            "content_md5", "generation", "updated", "modified", "modification_time", "mtime",
            "created", "size")  # fmt: skip


def version(uri: str) -> str:
    """Return a text that changes when the file does, as far as its server tells.

    A server that tells neither a digest nor a date is believed by the size; declare sha256 then.

    Raises:
        DataError, SpecError, TransientError: see `millrace.data.sources.files.open_source`.
    """
    if is_http(uri):
        return digest_value(dict(patiently(lambda: http_version(uri))))
    fs, path = open_remote(uri)

    def info() -> Mapping[str, Any]:
        with failures(uri):
            fs.invalidate_cache()
            found: Mapping[str, Any] = fs.info(path)
            return found

    return version_of_info(patiently(info))


def version_of_info(info: Mapping[str, Any], *, content: bool = False) -> str:
    """Return a text of what fsspec tells of a file's version.

    Args:
        content: where the store tells a digest, take that and the size alone, so that a file that
            was written again as it was has the same version.
    """
    names = [name for name in _CONTENT if info.get(name)] if content else []
    chosen = [*names[:1], "size"] if names else _VERSION
    return digest_value({name: str(info[name]) for name in chosen if name in info})


def download(uri: str, part: Path) -> None:
    """Copy the file at `uri` to `part`; from a web server, go on with what is there.

    Raises:
        DataError, SpecError, TransientError: as `version` does.
    """
    if is_http(uri):
        http_download(uri, part)
        return
    fs, path = open_remote(uri)

    def get() -> None:
        with failures(uri):
            fs.get_file(path, str(part))

    patiently(get)


def open_remote(uri: str) -> tuple[Any, str]:
    """Return the fsspec file system of `uri`, and the path in it.

    Raises:
        SpecError: there is no such kind, or its package is not installed.
    """
    options = s3.client_options() if uri.startswith(_S3) else {}
    with failures(uri):
        try:
            fs, path = fsspec.core.url_to_fs(uri, **options)
        except (ImportError, ValueError) as error:
            raise _unopened(uri, error) from error
        except OSError as error:
            if "Unable to load lib" in str(error):  # Hadoop's client, which pyarrow looks for
                raise _unopened(uri, error) from error
            raise
    if uri.startswith(_S3):
        fs.retries = 1  # the client repeats requests itself
    return fs, path


def _unopened(uri: str, error: Exception) -> SpecError:
    kind = uri.partition("://")[0]
    if kind in _EXTRAS:
        remedy = f"Install what it needs: `pip install millrace[{_EXTRAS[kind]}]`."
    elif kind == "hdfs":
        remedy = "Install Java and Hadoop's client, and set JAVA_HOME, HADOOP_HOME and CLASSPATH."
    else:
        remedy = f"Check the URI; known are {', '.join(sorted(_EXTRAS))}, hdfs, http and https."
    return SpecError("a source's URI cannot be opened", where=uri, received=error, remedy=remedy)
