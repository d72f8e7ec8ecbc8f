"""Canonical pictures: range, channels, size, inversion, the user's own function."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from millrace.artifacts.tables import column_to_images, image_field, image_shape
from millrace.data.schemas import canonical
from millrace.errors import SpecError
from millrace.workflow.images import ImageTransform


def noise(shape: tuple[int, ...], seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def images(made: Any) -> np.ndarray[Any, Any]:
    table = made.table()
    return column_to_images(table["image"], image_shape(table.schema))


def transformed(bench: Any, pictures: list[Any], maximum: int = 255, **values: Any) -> Any:
    raw = bench.raw(pictures, [str(n) for n in range(len(pictures))], maximum=maximum)
    cleaned = bench.clean(raw, blank_images="keep")
    return bench.transform(cleaned, **values)


def test_a_canonical_picture_is_untouched(bench: Any) -> None:
    made = transformed(bench, [noise((5, 4, 3), n) for n in range(3)], size=[5, 4], channels=3)
    assert made.table().schema.equals(canonical(image_field("image", (5, 4, 3))))
    assert (images(made) == np.stack([noise((5, 4, 3), n) for n in range(3)])).all()
    assert made.result.facts["records"]["shape"] == [5, 4, 3]
    assert made.result.facts["transform"] == ImageTransform(size=[5, 4], channels=3).model_dump(
        mode="json"
    )


def test_sixteen_levels_fill_the_range(bench: Any) -> None:
    ramp = np.arange(17, dtype=np.uint8).reshape(1, 17, 1)
    made = transformed(bench, [ramp], maximum=16, size=[1, 17], channels=1)
    expected = np.floor(np.arange(17) / 16 * 255 + 0.5)
    assert images(made).ravel().tolist() == expected.tolist()


def test_colour_becomes_grey_by_itu_601_and_grey_becomes_colour(bench: Any) -> None:
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255] * 3]], np.uint8)
    made = transformed(bench, [colours], size=[1, 4], channels=1)
    assert images(made).ravel().tolist() == [76, 150, 29, 255]
    made = transformed(bench, [noise((2, 2, 1))], size=[2, 2], channels=3)
    assert (images(made)[0] == noise((2, 2, 1))).all()


def test_inversion_turns_dark_to_light(bench: Any) -> None:
    made = transformed(bench, [noise((2, 2, 1))], size=[2, 2], channels=1, invert=True)
    assert (images(made)[0] == 255 - noise((2, 2, 1))).all()


@pytest.mark.parametrize("mode", ["stretch", "fit", "crop"])
@pytest.mark.parametrize("shape", [(3, 9, 1), (9, 3, 3), (1, 1, 1), (50, 7, 3)])
def test_any_shape_becomes_the_size(bench: Any, mode: str, shape: tuple[int, ...]) -> None:
    made = transformed(bench, [noise(shape)], size=[6, 8], channels=1, resize=mode)
    assert images(made).shape == (1, 6, 8, 1)


def test_fit_pads_and_crop_cuts_in_the_middle(bench: Any) -> None:
    wide = np.full((4, 8, 1), 200, np.uint8)
    wide[:, 2:6] = 100
    fit = images(transformed(bench, [wide], size=[4, 4], channels=1, resize="fit"))[0, ..., 0]
    crop = images(transformed(bench, [wide], size=[4, 4], channels=1, resize="crop"))[0, ..., 0]
    assert fit[0].max() == fit[3].max() == 0
    assert fit[1:3].min() > 0
    assert (crop == 100).all()


def test_pictures_of_several_shapes_keep_their_order(bench: Any) -> None:
    pictures = [np.full((n + 1, 2, 1 if n % 2 else 3), 10 * n + 5, np.uint8) for n in range(6)]
    made = transformed(bench, pictures, size=[3, 3], channels=1)
    assert images(made)[:, 0, 0, 0].tolist() == [5, 15, 25, 35, 45, 55]


def test_no_record_gives_an_empty_table_of_the_right_columns(bench: Any) -> None:
    made = transformed(bench, [], size=[3, 3], channels=1)
    assert made.table().schema.equals(canonical(image_field("image", (3, 3, 1))))


@pytest.fixture
def own_transforms(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("own_transforms")
    module.mirror = lambda batch: batch[:, :, ::-1]
    module.floats = lambda batch: batch / 255
    module.smaller = lambda batch: batch[:, :1]
    module.raises = lambda batch: batch.no_such_thing
    monkeypatch.setitem(sys.modules, "own_transforms", module)


@pytest.mark.usefixtures("own_transforms")
def test_a_users_function_comes_last(bench: Any) -> None:
    values = {"size": [2, 3], "channels": 1, "custom": "own_transforms:mirror"}
    made = transformed(bench, [noise((2, 3, 1))], **values)
    assert (images(made)[0] == noise((2, 3, 1))[:, ::-1]).all()


@pytest.mark.usefixtures("own_transforms")
@pytest.mark.parametrize("name", ["floats", "smaller", "raises"])
def test_a_users_function_that_fails_is_named(bench: Any, name: str) -> None:
    values = {"size": [2, 3], "channels": 1, "custom": f"own_transforms:{name}"}
    with pytest.raises(SpecError, match=f"own_transforms:{name}"):
        transformed(bench, [noise((2, 3, 1))], **values)
