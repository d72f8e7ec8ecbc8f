"""Durations, sizes and progress as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from millrace.wording import duration, progress, size


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


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ({"rows": 4096, "total": 10_000, "at": 1.5}, "rows 4096  total 10000"),
        ({"epoch": 4, "epochs": 9, "resumed_from": 4}, "resuming after epoch 4/9"),
        (
            {"epoch": 3, "epochs": 12, "loss": 0.5, "rate": 3210.4, "eta": 37, "at": 1.5},
            "epoch 3/12  loss 0.5000  3,210 records/s  37.0 s left",
        ),
        (
            {"during_epoch": 2, "epochs": 5, "batch": 40, "batches": 300, "loss": 0.25},
            "epoch 2/5  batch 40/300  loss 0.2500",
        ),
        ({"epoch": 1, "epochs": 2, "gpu_memory_bytes": 3 << 30}, "epoch 1/2  GPU 3.0 GiB"),
    ],
)
def test_progress(event: dict[str, Any], line: str) -> None:
    assert progress(event) == line
