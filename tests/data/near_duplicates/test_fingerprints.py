"""The perceptual hash is the one that others compute; thumbnails and contrast."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from PIL import Image

from millrace.data.near_duplicates.fingerprints import fingerprints, telling


def noise(count: int, *shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(5).integers(0, 256, (count, *shape), np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_hash_of_a_grid_is_that_of_imagehash(channels: int) -> None:
    pictures = noise(50, 32, 32, channels)
    hashes, _ = fingerprints(pictures)
    shown = [Image.fromarray(p.squeeze()) for p in pictures]
    theirs = np.array([int(str(imagehash.phash(s)), 16) for s in shown], np.uint64)
    different = np.bitwise_count(hashes ^ theirs)
    assert different.max() <= 2  # two frequencies nearly alike, one of them the median
    assert (different == 0).mean() > 0.9


def test_no_picture_gives_no_fingerprint() -> None:
    hashes, thumbnails = fingerprints(noise(0, 40, 50, 3))
    assert hashes.shape == (0,)
    assert thumbnails.shape == (0, 256)


def test_a_batch_says_what_single_pictures_say() -> None:
    pictures = noise(5, 45, 70, 3)
    hashes, thumbnails = fingerprints(pictures)
    single = [fingerprints(pictures[n : n + 1]) for n in range(5)]
    assert hashes.tolist() == [h[0] for h, _ in single]
    assert (thumbnails == np.concatenate([t for _, t in single])).all()


def test_a_thumbnail_holds_the_means_of_its_cells() -> None:
    cells = noise(1, 16, 16, 1)
    _, thumbnails = fingerprints(cells.repeat(4, axis=1).repeat(4, axis=2))
    assert (thumbnails[0] == cells.ravel()).all()


def test_pictures_of_little_contrast_do_not_tell() -> None:
    flat = np.full((2, 256), 250, np.uint8)
    flat[1, ::2] = 250 - 16
    assert telling(flat).tolist() == [False, True]
