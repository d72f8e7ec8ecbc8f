"""Normalisation and reference statistics: exact, whatever the order or the cut of the records."""

from __future__ import annotations

import numpy as np
import pytest

from millrace.learning.pictures.normalisation import (
    Normalisation,
    pixel_histogram,
    reference_statistics,
)


@pytest.fixture
def images():
    return np.random.default_rng(4).integers(0, 256, (50, 5, 4, 3), dtype=np.uint8)


def test_mean_and_spread_are_those_of_the_pixels(images):
    normalisation = Normalisation.of(pixel_histogram([images], 3))
    scaled = images / 255
    assert normalisation.mean == pytest.approx(scaled.mean((0, 1, 2)))
    assert normalisation.std == pytest.approx(scaled.std((0, 1, 2)))


def test_scale_and_offset_give_zero_mean_and_unit_spread(images):
    normalisation = Normalisation.of(pixel_histogram([images], 3))
    result = images * normalisation.scale + normalisation.offset
    assert result.mean((0, 1, 2)) == pytest.approx(0, abs=1e-9)
    assert result.std((0, 1, 2)) == pytest.approx(1)


def test_the_cut_and_order_of_records_do_not_matter(images):
    whole = pixel_histogram([images], 3)
    cut = pixel_histogram([images[30:], images[:30]], 3)
    np.testing.assert_array_equal(whole, cut)


def test_a_constant_channel_does_not_divide_by_zero():
    images = np.full((3, 2, 2, 1), 40, np.uint8)
    assert Normalisation.of(pixel_histogram([images], 1)).std == (1.0,)


def test_reference_statistics_count_all_pixels(images):
    document = reference_statistics(pixel_histogram([images], 3))
    assert np.sum(document["pixel_histogram"], axis=1) == pytest.approx(1)
