"""The errors of files that are listed now and read later."""

from __future__ import annotations

from millrace.errors import DataError


def unreadable(name: str, error: OSError) -> DataError:
    """Return the error of a file that went away or may not be read."""
    gone = isinstance(error, FileNotFoundError)
    return DataError(
        "a file went away while its source was read" if gone else "a file cannot be read",
        where=name,
        received=error.strerror,
        remedy="Start a new run when the folder is at rest."
        if gone
        else "Let the user that runs Millrace read it, or move it out of the folder.",
    )


def changed(name: str, expected: object, received: object) -> DataError:
    """Return the error of a file that is no longer what was discovered."""
    return DataError(
        "a source changed after it was discovered",
        where=name,
        expected=expected,
        received=received,
        remedy="Start a new run, which discovers the source again.",
    )
