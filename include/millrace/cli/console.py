"""`console`: where commands write, and `working`, a line that shows that something goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache

from rich.console import Console

_WIDE = 1_000  # characters


@lru_cache(maxsize=1)
def console() -> Console:
    """Return the standard output; text stands as it is, brackets too, and is not wrapped.

    A pipe or a file is as wide as the widest row: a table in a log must not lose its end.
    """
    width = None if sys.stdout.isatty() else _WIDE
    return Console(highlight=False, markup=False, soft_wrap=True, width=width)


@contextmanager
def working(title: str) -> Iterator[Callable[[str], None]]:
    """Show `title` with a spinner on a terminal; yield a function that prints a line above it."""
    out = console()

    def report(line: str) -> None:
        out.print(line)

    if not out.is_terminal:
        yield report
        return
    with out.status(title):
        yield report
