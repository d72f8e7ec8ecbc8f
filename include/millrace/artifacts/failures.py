"""What a disk's failure means: full, not to be written, or broken. Knows no store and no stage."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from millrace.errors import MillraceError, SpecError, TransientError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
_WORDS = ("No space left on device", "Disk quota exceeded", "errno = 28")
_DEPTH = 10  # causes of an error that are looked at


def disk_is_full(error: BaseException) -> bool:
    """Whether an error, or what caused it, says that a disk is full.

    Libraries that write through their own code (HDF5, TensorFlow) tell it in words only.
    """
    seen: BaseException | None = error
    for _ in range(_DEPTH):
        if seen is None:
            return False
        if isinstance(seen, OSError) and seen.errno in _FULL:
            return True
        if any(word in str(seen) for word in _WORDS):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def disk_failure(error: BaseException, where: object) -> MillraceError:
    """Return the error to raise for what the disk below `where` did.

    A full disk and a failing one are worth a retry; one that may not be written is not.
    """
    if disk_is_full(error):
        return TransientError(
            "the disk is full",
            where=where,
            remedy="Free some space there; nothing of the attempt is visible, and it is tried "
            "again.",
        )
    if isinstance(error, OSError) and error.errno in _REFUSED:
        return SpecError(
            "the disk refuses access",
            where=where,
            received=error.strerror,
            remedy="Check the rights of the folder, and whether it is mounted read-only.",
        )
    return TransientError(
        "reading or writing failed",
        where=where,
        received=error,
        remedy="Check the disk or the network; it is tried again.",
    )


@contextmanager
def disk_answers(where: Path) -> Iterator[None]:
    """Raise what the disk does in this block as ours; a missing file passes as it is.

    A copy's error names its source first, but it is the target `where` that is full.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        full = disk_is_full(error)
        raise disk_failure(error, where if full else error.filename or where) from error
