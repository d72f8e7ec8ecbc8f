"""`failures`: whatever a remote store or server does, as one of our errors.

No client library is imported: S3's answers are known by their codes and by names of errors.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from millrace.artifacts.failures import disk_failure, disk_is_full
from millrace.errors import DataError, MillraceError, SpecError, TransientError, distrusted

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each repetition of what failed for a reason that may pass."""

_GONE = (404, 410)
_TRY_AGAIN = (408, 425, 429)
_NO_BUCKET = ("NoSuchBucket", "InvalidBucketName", "ParamValidationError")
_CREDENTIALS = (
    *("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "InvalidAccessKeyId"),
    *("SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired"),
    *("AccessDenied", "403", "401", "ClientAuthenticationError", "DefaultCredentialsError"),
)

Result = TypeVar("Result")


@contextmanager
def failures(uri: str) -> Iterator[None]:
    """Raise what fails in this block as `DataError`, `TransientError`, or `SpecError` for TLS."""
    try:
        yield
    except MillraceError:
        raise
    except Exception as error:  # every kind of store has a client with errors of its own
        if disk_is_full(error):
            raise disk_failure(error, uri) from error
        raise _failure(uri, error) from error


def patiently(action: Callable[[], Result]) -> Result:
    """Return what `action` does, repeated with pauses while it raises `TransientError`."""
    for pause in PAUSES:
        try:
            return action()
        except TransientError:
            time.sleep(pause)
    return action()


def status_failure(uri: str, status: int) -> DataError | TransientError:
    """Return the error for an HTTP status that is no success."""
    if status in _GONE:
        return _missing(uri, f"HTTP status {status}")
    if 400 <= status < 500 and status not in _TRY_AGAIN:
        return _refused(uri, f"HTTP status {status}")
    return TransientError("a source cannot be reached", where=uri, received=f"HTTP status {status}")


def _failure(uri: str, error: Exception) -> MillraceError:
    cause = error.__cause__ or error
    status = getattr(cause, "status", getattr(cause, "status_code", None))
    if isinstance(status, int) and status >= 400:
        return status_failure(uri, status)
    names = {_code(error), _code(cause), type(error).__name__, type(cause).__name__}
    if names & set(_CREDENTIALS):
        return _refused(uri, cause)
    if names & set(_NO_BUCKET):
        return DataError(
            "a source's bucket does not exist",
            where=uri,
            received=cause,
            remedy="Check the bucket's name in the URI and, where it is not Amazon's, "
            "AWS_ENDPOINT_URL.",
        )
    if isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError):
        return _missing(uri, error)
    if isinstance(error, PermissionError):
        return _refused(uri, cause)
    if distrusted(error):
        return SpecError(
            "a source's certificate cannot be trusted",
            where=uri,
            received=repr(cause),
            remedy="Set AWS_CA_BUNDLE (S3) or SSL_CERT_FILE (HTTPS) to a file with the certificate "
            "of the authority that signed the server's.",
        )
    return TransientError("a source cannot be reached", where=uri, received=repr(cause))


def _missing(uri: str, received: object) -> DataError:
    return DataError(
        "a source does not exist",
        where=uri,
        received=received,
        remedy="Check the URI; if it comes from a variable such as ${MNIST}, set that to a "
        "folder or URL that holds the files.",
    )


def _refused(uri: str, received: object) -> DataError:
    return DataError(
        "a source may not be read",
        where=uri,
        received=received,
        remedy="Check the URI and the credentials that this machine has for it.",
    )


def _code(error: BaseException) -> str:
    """Return the code in an S3 answer."""
    response = getattr(error, "response", None)
    found = response.get("Error", {}) if isinstance(response, dict) else {}
    return str(found.get("Code", ""))
