"""Where the head is: whatever else the slice shows, and where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from drawn_slices import AIR, BRAIN, grey, hounsfield
from millrace.data.scans.head import box_of, head_mask
from millrace.data.scans.slices import Slice


def drawn(size=(96, 80), reach=0.4):
    return hounsfield(size, reach=reach) > AIR


@pytest.mark.parametrize("draw", [hounsfield, grey])
def test_the_mask_is_the_head_and_its_inside(draw):
    mask = head_mask(Slice(draw()))
    assert (mask != drawn()).mean() < 0.01


def test_letters_a_table_and_noise_in_the_air_are_no_head():
    noise = np.random.default_rng(0).integers(0, 12, (96, 80)).astype(np.uint8)
    levels = np.maximum(grey(), noise)
    levels[2:9, 2] = levels[2, 2:6] = 255  # a letter
    levels[93, :] = 200  # the table
    assert (head_mask(Slice(levels)) != drawn()).mean() < 0.02


def test_dark_grey_air_is_air():
    levels = np.where(drawn(), grey(), 40).astype(np.uint8)
    assert (head_mask(Slice(levels)) != drawn()).mean() < 0.01


def test_a_skull_that_is_open_still_holds_the_head():
    values = hounsfield()
    values[:16, 36:44] = np.where(values[:16, 36:44] > AIR, BRAIN, AIR)
    assert (head_mask(Slice(values)) != drawn()).mean() < 0.01


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((40, 30), np.uint8),
        np.full((40, 30), AIR, np.int16),
        np.full((40, 30), -32_768, np.int16),
    ],
)
def test_a_slice_without_a_head_has_an_empty_mask(values):
    mask = head_mask(Slice(values))
    assert mask.shape == (40, 30)
    assert not mask.any()
    assert box_of(mask) == (0, 0, 30, 40)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (2, 3)])
@pytest.mark.parametrize("kind", [np.uint8, np.int16])
def test_slices_of_any_size_have_a_mask(size, kind):
    values = np.random.default_rng(0).integers(0, 255, size).astype(kind)
    assert head_mask(Slice(values)).shape == size


def test_only_the_largest_part_is_the_head():
    values = np.full((60, 60), AIR, np.int16)
    values[5:15, 5:15] = values[20:50, 25:55] = BRAIN
    assert box_of(head_mask(Slice(values))) == (25, 20, 55, 50)
