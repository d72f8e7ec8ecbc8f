"""Tables of picture files are bounded in rows and bytes."""

from __future__ import annotations

import random

from millrace.data.sources.folder_table import Listed, batches
from millrace.data.sources.listing import LARGEST_FILE, Entry


def listed(*sizes: int) -> list[Listed]:
    return [Listed(Entry(f"{n}.png", "", size, ""), "", None) for n, size in enumerate(sizes)]


def test_small_files_are_cut_by_rows() -> None:
    assert [len(batch) for batch in batches(listed(*[10] * 20_000))] == [8_192, 8_192, 3_616]


def test_large_files_are_cut_by_bytes() -> None:
    draw = random.Random(1)
    files = listed(*[draw.randrange(30 << 20) for _ in range(200)])
    found = list(batches(files))
    assert [file for batch in found for file in batch] == files
    assert max(sum(file.entry.size for file in batch) for batch in found) <= 64 << 20


def test_a_huge_file_is_alone_and_one_that_is_not_read_weighs_nothing() -> None:
    sizes = (1, 100 << 20, 1, LARGEST_FILE + 1, 1)
    assert [len(batch) for batch in batches(listed(*sizes))] == [1, 1, 3]
    assert list(batches([])) == []
