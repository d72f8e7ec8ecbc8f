"""The errors of files that are listed now and read later."""

from __future__ import annotations

import errno

from millrace.artifacts.failures import disk_failure
from millrace.errors import DataError, MillraceError

_OF_THE_NAME = (errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR)


def unreadable(name: str, error: OSError) -> MillraceError:
    """Return the error of a file that went away, may not be read, or is on a failing disk."""
    if isinstance(error, FileNotFoundError):
        return DataError(
            "a file went away while its source was read",
            where=name,
            remedy="Start a new run when the folder is at rest.",
        )
    if isinstance(error, PermissionError) or error.errno in _OF_THE_NAME:
        return DataError(
            "a file cannot be read",
            where=name,
            received=error.strerror,
            remedy="Let the user that runs Millrace read it, or move it out of the folder.",
        )
    return disk_failure(error, name)


def changed(name: str, expected: object, received: object) -> DataError:
    """Return the error of a file that is no longer what was discovered."""
    return DataError(
        "a source changed after it was discovered",
        where=name,
        expected=expected,
        received=received,
        remedy="Start a new run, which discovers the source again.",
    )
