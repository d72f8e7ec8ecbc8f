"""Near duplicates among 100,000 pictures, against imagehash and the search one writes with it.

Usage: ``CIFAR10=<archive> python benchmarks/near_duplicates.py [--pictures 100000]``

The pictures are the 10,000 of the archive's training file, each also mirrored, shaded and noisy
in nine ways that its hash tells apart or not. Ours hashes arrays in batches, finds the hashes that
differ in at most 8 bits, compares the thumbnails of those and unites families. The other side is
``imagehash.phash`` in a loop and the differences of all pairs of its hashes, as its manual shows;
both are timed on a part and scaled: hashing by the pictures, the search by the pairs. A second
search is told too, one that a careful user writes: NumPy over all pairs, scaled likewise.
"""

from __future__ import annotations

import argparse
import os
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "include"))

import imagehash
import numpy as np
from common import machine, show
from PIL import Image

from millrace.data.near_duplicates.families import families
from millrace.data.near_duplicates.fingerprints import fingerprints

_BATCH = 8_192
_BITS = 8


def main() -> None:
    """Compare the sides."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=100_000, help="default 100,000")
    parser.add_argument("--hashed", type=int, default=5_000, help="by imagehash (default 5,000)")
    parser.add_argument("--compared", type=int, default=1_500, help="by imagehash (default 1,500)")
    arguments = parser.parse_args()
    if not os.environ.get("CIFAR10"):
        raise SystemExit("set CIFAR10 to the archive of the binary version")
    images = _pictures(arguments.pictures)
    rows = len(images)
    made, hashing = _timed(lambda: _ours(images))
    hashes, thumbnails = made
    family, search = _timed(lambda: families(hashes, thumbnails.__getitem__))
    sample = [Image.fromarray(image) for image in images[:: max(1, rows // arguments.hashed)]]
    theirs, seconds = _timed(lambda: [imagehash.phash(picture) for picture in sample])
    their_hashing = seconds * rows / len(sample)
    some = theirs[: arguments.compared]
    _, seconds = _timed(lambda: _pairs_of_objects(some))
    their_search = seconds * (rows / len(some)) ** 2
    _, seconds = _timed(lambda: _pairs_of_words(hashes, 2_000))
    careful = seconds * rows / 2_000 / 2
    ours = hashing + search
    show(
        f"Near duplicates of {rows:,} pictures of 32 x 32 ({machine()})",
        [
            ("ours: hashes and thumbnails, CPU seconds", f"{hashing:.2f}"),
            ("ours: search, comparison, families, CPU seconds", f"{search:.2f}"),
            ("families of more than one", f"{(np.bincount(family) > 1).sum():,}"),
            (
                f"imagehash.phash, CPU seconds, from {len(sample):,} pictures",
                f"{their_hashing:.1f}",
            ),
            (f"its search, CPU seconds, from {len(some):,} pictures", f"{their_search:,.0f}"),
            ("NumPy over all pairs instead, CPU seconds, from 2,000 rows", f"{careful:.1f}"),
            ("imagehash hashing alone / ours in all", f"{their_hashing / ours:.1f}"),
            ("imagehash and NumPy / ours", f"{(their_hashing + careful) / ours:.1f}"),
            ("imagehash and its search / ours", f"{(their_hashing + their_search) / ours:,.0f}"),
        ],
    )


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.process_time()
    made = work()
    return made, time.process_time() - started


def _pictures(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with tarfile.open(os.environ["CIFAR10"]) as archive:
        member = next(m for m in archive.getmembers() if m.name.endswith("data_batch_1.bin"))
        file = archive.extractfile(member)
        data = np.frombuffer(b"" if file is None else file.read(), np.uint8).reshape(-1, 3_073)
    base = data[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    base = base[: -(-count // 10)]
    random = np.random.default_rng(7)
    parts = []
    for number in range(10):
        part = base[:, :, ::-1] if number % 2 else base
        part = np.roll(part, number // 2 * 4, axis=1) * (1 - 0.02 * number)
        parts.append((part + random.integers(0, 3, part.shape)).clip(0, 255).astype(np.uint8))
    return np.concatenate(parts)[:count]


def _ours(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    made = [fingerprints(images[n : n + _BATCH]) for n in range(0, len(images), _BATCH)]
    return np.concatenate([h for h, _ in made]), np.concatenate([t for _, t in made])


def _pairs_of_objects(hashes: list[imagehash.ImageHash]) -> list[tuple[int, int]]:
    return [
        (a, b)
        for a, one in enumerate(hashes)
        for b, other in enumerate(hashes[:a])
        if one - other <= _BITS
    ]


def _pairs_of_words(hashes: np.ndarray, rows: int) -> list[np.ndarray]:
    """Compare the first rows with all others."""
    return [
        np.flatnonzero(np.bitwise_count(hashes ^ hashes[row]) <= _BITS)
        for row in range(min(rows, len(hashes)))
    ]


if __name__ == "__main__":
    main()
