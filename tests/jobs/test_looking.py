"""A look at unknown data: bounded in records and in bytes, and spread over all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from millrace.data.survey.find import find
from millrace.data.survey.found import Found
from millrace.jobs import looking
from millrace.jobs.looking import Look, spread


@pytest.fixture
def arrays(home: Path, tmp_path: Path) -> Found:
    """Two thousand pictures, sorted by their four classes."""
    pixels = np.random.default_rng(0).integers(0, 256, (2_000, 4, 4), np.uint8)
    np.savez(tmp_path / "a.npz", x=pixels, y=np.arange(2_000) // 500)
    return find([(str(tmp_path / "a.npz"), tmp_path / "a.npz")])


@pytest.mark.parametrize("count", [0, 1, 2, 3, 8, 13])
def test_every_partition_is_there_once(count: int) -> None:
    partitions: list[dict[str, Any]] = [{"index": number} for number in range(count)]
    assert sorted(p["index"] for p in spread(partitions)) == list(range(count))


def test_the_first_few_partitions_are_spread() -> None:
    first = [p["index"] for p in spread([{"index": number} for number in range(64)])[:4]]
    assert sorted(first) == [0, 16, 32, 48]


def test_a_sample_of_sorted_data_has_all_classes(arrays: Found) -> None:
    with Look(arrays, 300) as look:
        seen = look.seen()
    assert 250 <= seen.looked_at <= 400
    assert seen.total == 2_000
    assert set(seen.classes) == {"0", "1", "2", "3"}


def test_large_records_are_looked_at_until_enough_bytes_were_seen(
    arrays: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_MOST_BYTES", 3_000)
    with Look(arrays, 1_900) as look:
        assert 0 < look.seen().looked_at < 1_000


def test_all_is_looked_at_where_that_is_asked_for(
    arrays: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_MOST_BYTES", 1)
    with Look(arrays, 0) as look:
        assert look.seen().looked_at == 2_000
