"""`read_secret`: a key that a file holds, read only where nobody else can read or change it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from millrace.errors import SpecError

_LARGEST = 4_096  # bytes


def read_secret(path: str, variable: str, what: str, remedy: str) -> str:
    """Return the text of a file with a key, without white space around it.

    Args:
        path: of the file. variable: that names it. what: is in it, ``the master keys``.
        remedy: how to make one, where the file cannot be read.

    Raises:
        SpecError: it cannot be read, is too large for what it should be, or is open to others.
    """
    try:
        with Path(path).open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(_LARGEST + 1)
    except OSError as error:
        raise SpecError(
            f"the file with {what} cannot be read",
            where=variable,
            received=error.strerror,
            remedy=remedy,
        ) from None
    if mode & (stat.S_IWGRP | stat.S_IRWXO):
        raise SpecError(
            f"the file with {what} is open to others",
            where=variable,
            expected="a file that only its owner, and at most a group, can read",
            received=oct(stat.S_IMODE(mode)),
            remedy="Run `chmod 600` on it; of a Kubernetes secret, set `defaultMode: 0400`.",
        )
    if len(text) > _LARGEST:
        raise SpecError(
            f"the file with {what} is too large",
            where=variable,
            expected=f"{_LARGEST:,} bytes at most",
        )
    return text.decode("ascii", "replace").strip()
