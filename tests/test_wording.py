"""Durations and sizes as people write them."""

from __future__ import annotations

import pytest

from millrace.wording import duration, size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.00 s"),
        (0.414, "0.41 s"),
        (9.999, "10.00 s"),
        (37, "37.0 s"),
        (59.99, "60.0 s"),
        (60, "1 min 00 s"),
        (245, "4 min 05 s"),
        (7_384, "2 h 03 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3_565_158, "3.4 MiB"), (2**41, "2.0 TiB")],
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text
