"""Durations, sizes and epochs as people write them."""

from __future__ import annotations

import pytest

from millrace.cli.words import duration, progress, size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (59.4, "59 s"), (60, "1 min 0 s"), (7384, "2 h 3 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (2**41, "2.0 TiB")]
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


def test_an_event_without_figures_shows_what_it_has() -> None:
    assert progress({"rows": 4096, "total": 10_000, "at": 1.5}) == "rows 4096  total 10000"
