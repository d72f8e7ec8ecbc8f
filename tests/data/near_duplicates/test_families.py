"""Families: what survives changes of a picture, what must stay apart, and that order is nothing."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from millrace.data.near_duplicates.candidates import candidates, crowds
from millrace.data.near_duplicates.families import families
from millrace.data.near_duplicates.fingerprints import fingerprints

Array = np.ndarray[Any, Any]
Change = Callable[[Image.Image], Image.Image]


def scene(seed: int, width: int = 160, height: int = 120) -> Image.Image:
    """Return a picture of soft shapes."""
    cells = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return Image.fromarray(cells).resize((width, height), Image.Resampling.BICUBIC)


def jpeg(picture: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=30)
    return Image.open(buffer).convert("RGB")


def cropped(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    return picture.crop((width // 50, height // 50, width, height))


def noisy(picture: Image.Image) -> Image.Image:
    noise = np.random.default_rng(0).normal(0, 5, (*picture.size[::-1], 3))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


CHANGES: dict[str, Change] = {
    "re-encoded": jpeg,
    "half the size": lambda p: p.resize((p.width // 2, p.height // 2), Image.Resampling.BICUBIC),
    "cropped": cropped,
    "brighter": lambda p: p.point(lambda value: min(255, round(value * 1.1))),
    "darker": lambda p: p.point(lambda value: round(value * 0.9)),
    "noisy": noisy,
    "grey": lambda p: p.convert("L").convert("RGB"),
}


def found(pictures: list[Image.Image]) -> list[int]:
    made = [fingerprints(np.asarray(p)[np.newaxis]) for p in pictures]
    thumbnails = np.concatenate([t for _, t in made])
    return families(np.concatenate([h for h, _ in made]), thumbnails.__getitem__).tolist()


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_picture_is_of_its_family(change: str) -> None:
    pictures = [scene(seed) for seed in range(10)]
    assert found([*pictures, *map(CHANGES[change], pictures)]) == [*range(10)] * 2


def test_different_pictures_stay_alone() -> None:
    assert found([scene(seed) for seed in range(300)]) == list(range(300))


def test_equal_hashes_do_not_suffice() -> None:
    thumbnails = np.random.default_rng(1).integers(0, 256, (40, 256), np.uint8)
    assert families(np.zeros(40, np.uint64), thumbnails.__getitem__).tolist() == list(range(40))


def test_different_strokes_on_one_background_stay_alone() -> None:
    thumbnails = np.full((2, 16, 16), 255, np.uint8)
    thumbnails[0, 3:13, 7] = 0
    thumbnails[1, 3:13, 8] = 0
    flat = thumbnails.reshape(2, 256)
    assert families(np.zeros(2, np.uint64), flat.__getitem__).tolist() == [0, 1]


def test_pairs_that_share_a_picture_are_one_family_in_any_order() -> None:
    base = np.random.default_rng(2).integers(30, 220, (1, 256)).astype(np.int16)
    step = np.random.default_rng(3).integers(-3, 4, (60, 256)).cumsum(axis=0)
    thumbnails = np.clip(base + step, 0, 255).astype(np.uint8)
    hashes = np.zeros(60, np.uint64)
    assert families(hashes, thumbnails.__getitem__).tolist() == [0] * 60
    mixed = thumbnails[np.random.default_rng(4).permutation(60)]
    assert families(hashes, mixed.__getitem__).tolist() == [0] * 60


def test_only_thumbnails_of_close_hashes_are_read() -> None:
    hashes = np.array([0, 2**64 - 1, 7, 2**64 - 1 - 7, 0x0F0F0F0F0F0F0F0F], np.uint64)
    thumbnails = np.random.default_rng(1).integers(0, 256, (5, 256), np.uint8)
    read: set[int] = set()

    def reader(numbers: Array) -> Array:
        assert (np.diff(numbers) > 0).all()
        read.update(numbers.tolist())
        return thumbnails[numbers]

    families(hashes, reader)
    assert read == {0, 1, 2, 3}


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_to_compare(count: int) -> None:
    thumbnails = np.zeros((count, 256), np.uint8)
    assert families(np.zeros(count, np.uint64), thumbnails.__getitem__).tolist() == [0] * count


def crowd(count: int) -> tuple[Array, Array, Array]:
    """Return close hashes, thumbnails that differ but for a tenth, and who is equal to whom."""
    rng = np.random.default_rng(8)
    thumbnails = rng.integers(0, 256, (count, 256), np.uint8)
    twin = np.arange(count)
    twin[-count // 10 :] = twin[: len(twin[-count // 10 :])]
    return np.uint64(1) << (twin % 2).astype(np.uint64), thumbnails[twin], twin


def test_a_large_crowd_of_one_hash_takes_no_quadratic_time() -> None:
    hashes, thumbnails, twin = crowd(10_000)
    asked = 0

    def reader(numbers: Array) -> Array:
        nonlocal asked
        asked += len(numbers)
        return thumbnails[numbers]

    assert families(hashes, reader).tolist() == twin.tolist()
    assert asked < 2_000_000  # of 50 million pairs


def test_families_of_a_crowd_do_not_depend_on_the_order() -> None:
    hashes, thumbnails, _ = crowd(1_000)
    thumbnails[500:] = (thumbnails[500:] * 0.1 + thumbnails[:500] * 0.9).astype(np.uint8)
    mixed = np.random.default_rng(9).permutation(1_000)
    one = families(hashes, thumbnails.__getitem__, most=100)
    other = families(hashes[mixed], thumbnails[mixed].__getitem__, most=100)
    assert len(np.unique(one)) < 1_000
    same = one[mixed][:, np.newaxis] == one[mixed]
    assert np.array_equal(same, other[:, np.newaxis] == other)


def test_hashes_outside_a_crowd_are_compared_with_all() -> None:
    hashes, thumbnails, _ = crowd(400)
    picture = scene(3)
    prints = [fingerprints(np.asarray(p)[np.newaxis]) for p in (picture, jpeg(picture))]
    hashes = np.concatenate([hashes, *(h for h, _ in prints)])
    thumbnails = np.concatenate([thumbnails, *(t for _, t in prints)])
    assert families(hashes, thumbnails.__getitem__, most=100).tolist()[-2:] == [400, 400]


@pytest.mark.parametrize("at_once", [1, 64, 1 << 20])
def test_candidates_are_exactly_the_close_pairs(at_once: int) -> None:
    rng = np.random.default_rng(6)
    base = rng.integers(0, 2**64, 40, np.uint64)
    flips = np.zeros((10, 40), np.uint64)
    for _ in range(9):  # some are further apart than allowed
        flips |= np.uint64(1) << rng.integers(0, 64, (10, 40)).astype(np.uint64)
    hashes = np.concatenate([base, (base ^ flips).ravel(), base[:5]])
    made = candidates(hashes, crowds(hashes), at_once=at_once)
    pairs = [pair for a, b in made for pair in zip(a, b, strict=True)]
    distance = np.bitwise_count(hashes[:, np.newaxis] ^ hashes)
    expected = {(a, b) for a, b in np.argwhere(distance <= 8).tolist() if a < b}
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == expected
