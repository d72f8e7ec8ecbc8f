"""How a run is shown while it goes on: `LiveView` on a terminal, `PlainView` anywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from millrace.cli.run_view import RunView, StageView
from millrace.wording import duration, progress

_GLYPHS = {
    "waiting": ("·", "dim"),
    "running": ("▶", "cyan"),
    "asking": ("?", "yellow"),
    "retrying": ("↻", "yellow"),
    "done": ("✓", "green"),
    "skipped": ("−", "dim"),
    "failed": ("✗", "red"),
}
_BAR = 20  # characters
_PARTS = {"train": "candidates"}


class View(Protocol):
    """Shows a run as it changes."""

    def show(self, run: RunView) -> None:
        """Show the run as it is now."""


@contextmanager
def view_for(console: Console) -> Iterator[View]:
    """Yield the view that suits `console`."""
    if not console.is_terminal:
        yield PlainView(console)
        return
    with Live(console=console, refresh_per_second=8) as live:
        yield LiveView(live)


class LiveView:
    """A table that changes in place: a row a stage, with its partitions or its epochs."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, run: RunView) -> None:
        """Draw the run anew."""
        self._live.update(draw(run))


def draw(run: RunView) -> Group:
    """Return the table of a run."""
    table = Table.grid(padding=(0, 2))
    for _ in range(6):
        table.add_column(no_wrap=True, overflow="ellipsis")
    for stage in run.stages:
        glyph, style = _GLYPHS[stage.state]
        table.add_row(
            Text(glyph, style=style),
            Text(stage.name, style="dim" if stage.state == "waiting" else ""),
            _bar(stage),
            Text(f"{stage.done}/{stage.total}" if stage.total > 1 else ""),
            Text(duration(stage.seconds) if stage.seconds else "", style="dim"),
            Text(_detail(stage), style="dim"),
        )
    title = Text.assemble(
        (run.dag_id, "bold"), f"  {run.run_id}  {run.state}  {duration(run.seconds)}"
    )
    return Group(title, table)


class PlainView:
    """A line for every change: for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._states: dict[str, str] = {}
        self._events: dict[str, int] = {}

    def show(self, run: RunView) -> None:
        """Print what changed since the last call."""
        for stage in run.stages:
            self._print_events(stage)
            if stage.state != self._states.get(stage.name, "waiting"):
                self._states[stage.name] = stage.state
                self._console.print(_line(stage), markup=False)

    def _print_events(self, stage: StageView) -> None:
        for event in stage.events[self._events.get(stage.name, 0) :]:
            if event.get("epoch"):
                self._console.print(f"{stage.name}: {progress(event)}", markup=False)
        self._events[stage.name] = len(stage.events)


def _line(stage: StageView) -> str:
    parts = [stage.state]
    if stage.total > 1:
        done = f"{stage.done} of " if stage.state == "failed" else ""
        parts.append(f"{done}{stage.total} {_PARTS.get(stage.name, 'partitions')}")
    if stage.state in ("done", "failed"):
        parts.append(duration(stage.seconds))
    if stage.cached and stage.state == "done":
        parts.append(_cached(stage))
    return f"{stage.name}: {', '.join(parts)}"


def _bar(stage: StageView) -> ProgressBar | Text:
    """Return a bar over the partitions of a mapped stage, or over the epochs of a running one."""
    if stage.total > 1:
        return ProgressBar(total=stage.total, completed=stage.done, width=_BAR)
    latest = stage.events[-1] if stage.events else {}
    if stage.state == "running" and latest.get("epochs"):
        done = latest.get("epoch", latest.get("during_epoch", 1) - 1)
        return ProgressBar(total=latest["epochs"], completed=done, width=_BAR)
    return Text("")


def _detail(stage: StageView) -> str:
    if stage.events:
        return progress(stage.events[-1])
    return _cached(stage) if stage.cached else ""


def _cached(stage: StageView) -> str:
    return "cached" if stage.cached >= stage.total else f"{stage.cached} cached"
