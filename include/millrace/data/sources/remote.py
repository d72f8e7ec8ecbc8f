"""`version` and `download` of a remote file, through fsspec, with every failure as one of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec

from millrace.artifacts.digests import digest_value
from millrace.errors import DataError, SpecError, TransientError

_CONNECT, _READ = 30.0, 60.0  # seconds
_VERSION = ("ETag", "etag", "Content-MD5", "Digest", "Last-Modified", "LastModified", "md5Hash",
            "content_md5", "generation", "updated", "modified", "modification_time", "mtime",
            "created", "size")  # fmt: skip
_GONE = (404, 410)
_TRY_AGAIN = (408, 425, 429)


def version(uri: str) -> str:
    """Return a text that changes when the file does, as far as its server tells.

    A server that tells neither a digest nor a date is believed by the size; declare sha256 then.

    Raises:
        DataError, SpecError, TransientError: see `millrace.data.sources.files.open_source`.
    """
    with _failures(uri):
        fs, path = _open(uri)
        fs.invalidate_cache()
        info = fs.info(path)
    return digest_value({name: str(info[name]) for name in _VERSION if name in info})


def download(uri: str, target: Path) -> None:
    """Copy the file at `uri` to `target`; raises as `version` does."""
    with _failures(uri):
        fs, path = _open(uri)
        fs.get_file(path, str(target))


def _open(uri: str) -> tuple[Any, str]:
    options: dict[str, Any] = {}
    if uri.startswith(("http://", "https://")):
        from aiohttp import ClientTimeout

        timeout = ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=_READ)
        options["client_kwargs"] = {"timeout": timeout}
    fs, path = fsspec.core.url_to_fs(uri, **options)
    return fs, path


@contextmanager
def _failures(uri: str) -> Iterator[None]:
    try:
        yield
    except (ImportError, ValueError) as error:
        raise SpecError(
            "a source's URI cannot be opened",
            where=uri,
            received=error,
            remedy="Check the URI; its kind may need an extra, e.g. `pip install millrace[http]`.",
        ) from error
    except Exception as error:  # every kind of store has a client with errors of its own
        raise _failure(uri, error) from error


def _failure(uri: str, error: Exception) -> DataError | TransientError:
    cause = error.__cause__ if isinstance(error, FileNotFoundError) else None
    status = getattr(cause or error, "status", None)
    if status in _GONE or (isinstance(error, FileNotFoundError) and cause is None):
        return DataError(
            "a source does not exist",
            where=uri,
            received=error,
            remedy="Check the URI; if it comes from a variable such as ${MNIST}, set that to a "
            "folder or URL that holds the files.",
        )
    refused = status is not None and 400 <= status < 500 and status not in _TRY_AGAIN
    if refused or isinstance(error, PermissionError) or "Credentials" in type(error).__name__:
        return DataError(
            "a source may not be read",
            where=uri,
            received=cause or error,
            remedy="Check the URI and the credentials that this machine has for it.",
        )
    return TransientError("a source cannot be reached", where=uri, received=repr(cause or error))
