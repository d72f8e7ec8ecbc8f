"""What a job reported, in one line."""

from __future__ import annotations

from millrace.cli.words import progress


def test_an_event_without_figures_shows_what_it_has() -> None:
    assert progress({"rows": 4096, "total": 10_000, "at": 1.5}) == "rows 4096  total 10000"
