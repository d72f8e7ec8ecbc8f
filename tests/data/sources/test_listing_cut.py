"""Partitions cut by names: bounded, and the same around what was added."""

from __future__ import annotations

import random

import pytest

from millrace.data.sources.listing import Entry
from millrace.data.sources.listing_cut import MOST_BYTES, cut_by_content


def entries(count: int, size: int = 1_000) -> list[Entry]:
    return [Entry(f"cat/{number:06d}.png", "", size, "") for number in range(count)]


def cut(listed: list[Entry], rows: int = 100) -> list[tuple[str, ...]]:
    ordered = sorted(listed, key=lambda entry: entry.name)
    return [tuple(e.name for e in run) for run in cut_by_content(ordered, rows)]


def test_every_file_is_in_one_partition_in_order() -> None:
    runs = cut(entries(5_000))
    assert [name for run in runs for name in run] == [e.name for e in entries(5_000)]
    assert max(len(run) for run in runs) <= 100
    assert 40 <= 5_000 / len(runs) <= 65


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 7])
def test_small_bounds_are_kept(rows: int) -> None:
    assert {len(run) for run in cut(entries(200), rows)} <= set(range(1, rows + 1))


def test_files_of_any_size_keep_the_bytes_bounded() -> None:
    draw = random.Random(1)
    listed = [Entry(f"{n:05d}", "", draw.randrange(MOST_BYTES // 4), "") for n in range(500)]
    sizes = {entry.name: entry.size for entry in listed}
    runs = cut(listed, 10_000)
    assert max(sum(sizes[name] for name in run) for run in runs) <= MOST_BYTES
    assert sum(len(run) > 1 for run in runs) > len(runs) / 2
    assert cut([Entry("huge", "", 5 * MOST_BYTES, ""), *listed[:1]])[-1] == ("huge",)


@pytest.mark.parametrize("size", [1_000, MOST_BYTES // 50])
def test_a_new_file_changes_the_partitions_around_it_alone(size: int) -> None:
    listed = entries(3_000, size)
    before = set(cut(listed))
    for number in range(0, 3_000, 211):
        grown = [*listed, Entry(f"cat/{number:06d}b.png", "", size, "")]
        assert len(set(cut(grown)) - before) <= 6


def test_a_new_class_leaves_the_others_alone() -> None:
    listed = entries(3_000)
    grown = [*listed, *(Entry(f"bee/{n:04d}.png", "", 1_000, "") for n in range(500))]
    assert len(set(cut(listed)) - set(cut(grown))) <= 6


def test_a_cut_goes_on_the_same_from_any_partition_s_first_file() -> None:
    runs = cut(entries(1_000))
    start = runs[5][0]
    assert cut([e for e in entries(1_000) if e.name >= start]) == runs[5:]
