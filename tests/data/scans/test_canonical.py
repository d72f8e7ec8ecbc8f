"""Canonical slices: the head alone, at its size, as channels."""

from __future__ import annotations

import numpy as np
import pytest

from drawn_slices import AIR, BLOOD, BRAIN, CHANNELS, grey, hounsfield
from millrace.data.scans.canonical import CanonicalSlices
from millrace.data.scans.channels import NEUTRAL, contrast, mirror, window
from millrace.data.scans.slices import Slice
from millrace.workflow.ct import CtTransform


def canonical(one, **values):
    values = {"size": (32, 24), "channels": CHANNELS} | values
    return CanonicalSlices(CtTransform(**values).model_dump(mode="json"))(one)


def test_a_window_is_black_below_and_white_above_it():
    values = np.float32([[-1000, 0, 20, 40, 80, 3000]])
    assert window(values, 40, 80).tolist() == [[0, 0, 64, 128, 255, 255]]


def test_channels_are_in_the_order_of_the_spec():
    made = canonical(Slice(hounsfield()))
    turned = canonical(Slice(hounsfield()), channels=CHANNELS[::-1])
    assert made.shape == (32, 24, 3)
    np.testing.assert_array_equal(made[..., ::-1], turned)


def test_the_head_fills_the_slice_wherever_it_lies():
    middle = canonical(Slice(hounsfield()))
    moved = canonical(Slice(hounsfield((150, 120), at=(0.3, 0.35), reach=0.25)))
    assert middle[16, 12, 0] > 0 < moved[16, 12, 0]
    assert abs(middle.astype(int) - moved).mean() < 8


def test_eight_bits_and_hounsfield_units_of_one_head_look_alike():
    measured, shown = canonical(Slice(hounsfield())), canonical(Slice(grey()))
    assert abs(measured[..., 0].astype(int) - shown[..., 0]).mean() < 6


def test_what_is_around_the_head_is_black():
    values = hounsfield((96, 80), reach=0.3)
    values[94:] = 500  # the table
    made = canonical(Slice(values))
    assert made[[0, 0, -1, -1], [0, -1, 0, -1], 0].tolist() == [0] * 4


def test_a_kept_slice_is_shown_whole():
    values = np.full((64, 48), 40, np.int16)
    assert (canonical(Slice(values), head="keep")[..., 0] == 128).all()


def test_a_margin_shows_more():
    tight, wide = (canonical(Slice(hounsfield()), margin=m)[..., 0] > 0 for m in (0.0, 0.5))
    assert wide.sum() == pytest.approx(tight.sum() / 4, rel=0.3)


def test_a_pixel_stands_for_the_wanted_millimetres():
    values = np.full((200, 200), AIR, np.int16)
    values[50:150, 80:120] = 40  # 100 x 40 pixels of 0.5 x 1 mm: 50 x 40 mm
    made = canonical(Slice(values, (0.5, 1.0, 5.0)), size=(40, 40), spacing=(2.0, 4.0))
    shown = made[..., 0] / 128
    assert shown[20].sum() == pytest.approx(10, abs=1)
    assert shown[:, 20].sum() == pytest.approx(25, abs=1)


def test_an_unknown_spacing_fills_the_size():
    one = Slice(hounsfield())
    np.testing.assert_array_equal(canonical(one, spacing=(2.0, 2.0)), canonical(one))


@pytest.mark.parametrize("spacing", [(1e-6, 1e-6, None), (1_000.0, 1_000.0, None)])
def test_an_absurd_spacing_costs_no_memory(spacing):
    made = canonical(Slice(hounsfield(), spacing), spacing=(0.5, 0.5))
    assert made.shape == (32, 24, 3)


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((5, 3), np.uint8),
        np.full((1, 1), 255, np.uint8),
        np.full((40, 30), AIR, np.int16),
        np.full((2, 900), 32_767, np.int16),
    ],
)
def test_a_slice_without_a_head_is_made_all_the_same(values):
    made = canonical(Slice(values))
    assert made.shape == (32, 24, 3)
    assert made.dtype == np.uint8


def test_what_is_brighter_than_its_mirror_image_is_above_grey_and_it_is_below():
    levels = np.full((20, 20), 100, np.uint8)
    levels[8:12, 14:18] = 180
    made = mirror(levels, 0.5)
    assert made[10, 16] > 150
    assert made[10, 3] == 2 * NEUTRAL - int(made[10, 16])
    assert made[2, 10] == NEUTRAL


def test_a_mirrored_slice_has_the_mirrored_channels():
    values = hounsfield((96, 81))
    straight, turned = canonical(Slice(values)), canonical(Slice(values[:, ::-1].copy()))
    assert abs(straight[:, ::-1].astype(int) - turned).max() <= 2


def test_what_stands_out_of_its_surroundings_is_above_grey():
    levels = np.random.default_rng(0).integers(95, 106, (32, 32)).astype(np.uint8)
    levels[15:17, 15:17] = 160
    made = contrast(levels, np.ones((32, 32), bool), 9)
    assert made[15, 15] > 200
    assert abs(made[:8].astype(int) - NEUTRAL).mean() < 50


def test_even_surroundings_and_what_is_outside_the_head_are_grey():
    inside = np.zeros((16, 16), bool)
    inside[4:12, 4:12] = True
    made = contrast(np.where(inside, BRAIN, BLOOD).astype(np.uint8), inside, 5)
    assert (made == NEUTRAL).all()
