"""Augmentation: off outside training, exact where it can be, seeded, in range."""

from __future__ import annotations

import numpy as np
import pytest

from millrace.workflow.images import ImageAugmentation

pytestmark = pytest.mark.tensorflow


def augmented(images, training=True, seed=5, **spec):
    from millrace.learning.pictures.augmentation.layers import augmentation_layers

    x = images.astype(np.float32)
    for layer in augmentation_layers(ImageAugmentation(**spec), seed):
        x = layer(x, training=training)
    return np.asarray(x)


def pictures(rows=64, shape=(9, 7, 3)):
    return np.random.default_rng(2).integers(0, 256, (rows, *shape), dtype=np.uint8)


_ALL = {
    "shift": 0.2,
    "rotate": 20.0,
    "zoom": 0.2,
    "flip": "both",
    "crop": 1,
    "brightness": 0.2,
    "contrast": 0.3,
    "noise": 0.1,
    "cutout": 0.3,
}


def test_nothing_is_done_outside_training():
    np.testing.assert_array_equal(augmented(pictures(), training=False, **_ALL), pictures())


def test_nothing_is_built_where_all_is_off():
    from millrace.learning.pictures.augmentation.layers import augmentation_layers

    assert augmentation_layers(ImageAugmentation(), 1) == []


@pytest.mark.parametrize("name", sorted(_ALL))
def test_every_change_changes_pictures_and_stays_in_range(name):
    result = augmented(pictures(), **{name: _ALL[name]})
    assert result.shape == pictures().shape
    assert not np.array_equal(result, pictures())
    assert result.min() >= 0
    assert result.max() <= 255.001


def test_the_seed_alone_decides():
    one, other, third = (augmented(pictures(), seed=seed, **_ALL) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(one, third)


def test_flip_gives_the_picture_or_its_exact_mirror():
    images = pictures()
    result = augmented(images, flip="horizontal")
    kept = (result == images).all((1, 2, 3))
    mirrored = (result == images[:, :, ::-1]).all((1, 2, 3))
    assert (kept ^ mirrored).all()
    assert 10 < kept.sum() < 54


def test_crop_moves_by_whole_pixels_with_black_behind():
    images = np.full((200, 6, 6, 1), 200, np.uint8)
    result = augmented(images, crop=2)
    assert set(np.unique(result)) == {0, 200}
    widths = (result[:, :, :, 0] > 0).any(1).sum(1)
    assert set(widths) == {4, 5, 6}


def test_cutout_erases_at_most_its_square():
    images = np.full((50, 10, 10, 1), 200, np.uint8)
    erased = (augmented(images, cutout=0.4) == 0).sum((1, 2, 3))
    assert 0 < erased.max() <= 16
