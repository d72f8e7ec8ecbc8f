"""`is_damage`: whether what a library raised tells of a source's content, not of the disk."""

from __future__ import annotations

import errno

from millrace.artifacts.failures import disk_is_full

_MACHINE = {
    *(errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM),
    *(errno.EMFILE, errno.ENFILE, errno.ESTALE, errno.ETIMEDOUT, errno.ENOENT),
}


def is_damage(error: BaseException) -> bool:
    """Return False for what the disk did: that is told apart, and may be worth a retry."""
    machine = isinstance(error, OSError) and error.errno in _MACHINE
    return not (machine or disk_is_full(error))
