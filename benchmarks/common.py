"""What the benchmarks share: medians, a table of results, and an installation of their own."""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[1]


def median(measure: Callable[[], float], times: int) -> tuple[float, list[float]]:
    """Return the median of `times` measurements, and all of them."""
    values = [measure() for _ in range(times)]
    return statistics.median(values), values


def show(title: str, rows: Sequence[tuple[str, object]]) -> None:
    """Print a Markdown table."""
    print(f"\n### {title}\n\n| what | figure |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")


def machine() -> str:
    """Return a line about the processor."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{len(os.sched_getaffinity(0))} cores, {names[0] if names else platform.machine()}"


@contextmanager
def own_home(**variables: str) -> Iterator[Path]:
    """Use a temporary installation, so that nothing of the user's is touched."""
    saved = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="millrace-benchmark-") as folder:
        os.environ.update({"MILLRACE_HOME": f"{folder}/home", **variables})
        try:
            yield Path(folder)
        finally:
            os.environ.clear()
            os.environ.update(saved)
