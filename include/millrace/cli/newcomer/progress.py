"""`looking`: a bar on a terminal while data is looked at; nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def looking(console: Console) -> Iterator[Callable[[int, int], None]]:
    """Yield a function that takes the records done and their total."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("Looking at the records", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
