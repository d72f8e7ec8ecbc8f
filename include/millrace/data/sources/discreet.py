"""`discreet`: errors about identified input, without names of files and values from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from millrace.errors import MillraceError


@contextmanager
def discreet(where: str) -> Iterator[None]:
    """Raise what goes wrong in this block with its problem and remedy only, and without a cause.

    Args:
        where: what the error names instead, which may be known.
    """
    try:
        yield
    except MillraceError as error:
        raise type(error)(error.problem, where=where, remedy=error.remedy) from None
    except OSError as error:
        raise OSError(error.errno, error.strerror) from None
