"""Cleaning of picture files: decoded once, judged whole, kept reduced; nothing lost on the way."""

from __future__ import annotations

import io
import sys
import threading
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from millrace.data.near_duplicates.families import families
from millrace.data.pictures.schema import CLEAN

Array = np.ndarray[Any, Any]


def saved(image: Image.Image, form: str = "PNG", **values: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **values)
    return buffer.getvalue()


def noise(seed: int, height: int = 40, width: int = 50) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def smooth(seed: int, height: int = 300, width: int = 400) -> Image.Image:
    return noise(seed, 8, 8).resize((width, height), Image.Resampling.BICUBIC)


def cleaned(bench: Any, files: list[bytes | None], labels: str = "", **values: Any) -> Any:
    raw = bench.raw(files, list(labels or "a" * len(files)))
    return bench.clean(raw, **values)


def refused(made: Any) -> list[tuple[int, str, str]]:
    rows = made.table("quarantine.parquet").to_pylist()
    return [(row["position"], row["reason"], row["detail"]) for row in rows]


def test_files_become_pixels_and_the_undecodable_keep_their_bytes(bench: Any) -> None:
    grey, red = Image.new("L", (6, 4), 7), Image.new("RGB", (6, 4), (1, 2, 3))
    files = [saved(grey), b"junk", b"", saved(red), None, saved(red)[:-30]]
    made = cleaned(bench, files, blank_images="keep")
    assert made.table().schema.equals(CLEAN)
    assert made.table()["encoding"].to_pylist() == [
        "pixels;height=4;width=6;channels=1;maximum=255",
        "pixels;height=4;width=6;channels=3;maximum=255",
    ]
    assert made.table()["content"][1].as_py() == bytes([1, 2, 3]) * 24
    rows = made.table("quarantine.parquet").to_pylist()
    assert [r["content"] for r in rows] == [files[n] for n in (1, 2, 4, 5)]
    assert {(r["reason"], r["encoding"]) for r in rows} == {("undecodable", "file")}
    assert all(r["detail"] for r in rows)


def test_a_name_means_nothing_and_equal_pixels_of_other_formats_are_duplicates(bench: Any) -> None:
    files = [saved(noise(1), form) for form in ("PNG", "BMP", "TIFF", "PPM")]
    assert cleaned(bench, files).result.counts.duplicates == 3


def test_large_files_are_kept_reduced_and_small_ones_as_they_are(bench: Any) -> None:
    files = [saved(smooth(n, *size)) for n, size in enumerate([(300, 400), (130, 900), (90, 90)])]
    made = cleaned(bench, files, reduce_to=[32, 32])
    names = [name.split(";channels")[0] for name in made.table()["encoding"].to_pylist()]
    assert names == [
        "pixels;height=75;width=100",
        "pixels;height=65;width=450",
        "pixels;height=90;width=90",
    ]


def test_twice_the_size_of_the_transform_is_kept(bench: Any) -> None:
    made = cleaned(bench, [saved(smooth(1, 300, 400))], reduce_to=[70, 50])
    assert made.table()["encoding"][0].as_py().startswith("pixels;height=150;width=200;")


def test_the_digest_is_that_of_the_whole_picture(bench: Any) -> None:
    whole = np.asarray(noise(1, 300, 400))
    other = whole.copy()
    other[0, :2] = whole[0, 1::-1]
    files = [saved(Image.fromarray(pixels)) for pixels in (whole, other, whole)]
    made = cleaned(bench, [*files, saved(smooth(2))], reduce_to=[8, 8])
    assert made.result.counts.duplicates == 1
    expected = cleaned(bench, files[:2]).table()["content_digest"]
    assert made.table()["content_digest"][:2].to_pylist() == expected.to_pylist()


def test_the_transform_hardly_sees_that_a_picture_was_reduced(bench: Any) -> None:
    files = [saved(smooth(n)) for n in range(4)]
    made = [
        bench.transform(cleaned(bench, files, **kept), size=[32, 32], channels=3)
        for kept in ({}, {"reduce_to": [32, 32]})
    ]
    whole, reduced = (
        np.stack([np.frombuffer(x.as_py(), np.uint8) for x in m.table()["image"]]).astype(int)
        for m in made
    )
    assert np.abs(whole - reduced).max() <= 6


@pytest.mark.parametrize("size", [(1, 1), (1, 3_000), (3_000, 1), (130, 129)])
def test_pictures_of_any_shape_are_kept(bench: Any, size: tuple[int, int]) -> None:
    made = cleaned(bench, [saved(noise(1, *size))], reduce_to=[32, 32], blank_images="keep")
    assert bench.transform(made, size=[32, 32], channels=3).result.counts.accepted == 1


def test_pictures_of_pixels_are_never_reduced(bench: Any) -> None:
    made = cleaned(bench, [np.asarray(smooth(1))], reduce_to=[8, 8])
    assert made.table()["encoding"][0].as_py().startswith("pixels;height=300;width=400;")


@pytest.mark.parametrize("at_once", ["MOST_FILES", "MOST_BYTES"])
def test_how_files_are_batched_changes_nothing(
    bench: Any, monkeypatch: pytest.MonkeyPatch, at_once: str
) -> None:
    files = [saved(noise(n)) for n in range(9)]
    mixed = [*files, b"no picture", files[2], np.asarray(noise(77)), None]
    whole = cleaned(bench, mixed)
    monkeypatch.setattr(f"millrace.data.pictures.batches.{at_once}", 2)
    assert cleaned(bench, mixed).digest == whole.digest
    assert whole.result.counts.duplicates == 1
    assert whole.table()["position"].to_pylist() == [*range(9), 11]


def test_conflicting_files_go_to_quarantine_as_they_were_collected(bench: Any) -> None:
    files = [saved(smooth(1)), saved(smooth(1), "BMP"), saved(smooth(2))]
    made = cleaned(bench, files, "aba", reduce_to=[8, 8])
    rows = made.table("quarantine.parquet").to_pylist()
    assert [(r["content"], r["encoding"], r["label"]) for r in rows] == [
        (files[0], "file", "a"),
        (files[1], "file", "b"),
    ]
    assert rows[0]["detail"] == "equal contents carry the labels a, b"


def test_animated_files_are_refused_only_when_asked(bench: Any) -> None:
    frames = [noise(1), noise(2)]
    files = [saved(frames[0], "GIF", save_all=True, append_images=frames[1:]), saved(noise(3))]
    assert refused(cleaned(bench, files)) == []
    assert refused(cleaned(bench, files, animated="refuse")) == [
        (0, "animated", "2 frames or pages")
    ]


def test_sides_beyond_the_limits_are_refused(bench: Any) -> None:
    files = [saved(noise(n, *size)) for n, size in enumerate([(40, 50), (9, 50), (40, 90)])]
    made = cleaned(bench, files, sizes={"smallest": 10, "largest": 80})
    assert refused(made) == [
        (1, "wrong_size", "9 x 50 pixels, a side below 10"),
        (2, "wrong_size", "40 x 90 pixels, a side above 80"),
    ]


def test_limits_are_those_of_the_file_and_not_of_what_is_kept(bench: Any) -> None:
    files = [saved(smooth(1)), saved(smooth(2, 75, 100))]
    made = cleaned(bench, files, reduce_to=[8, 8], shape=[300, 400])
    assert refused(made) == [(1, "wrong_shape", "75 x 100 pixels")]


def spotted(share: float, level: int = 250) -> Array:
    pixels = np.full((50, 40, 1), level, np.uint8)
    pixels.reshape(-1)[: round(2000 * share)] = np.arange(round(2000 * share)) % 200
    return pixels


@pytest.mark.parametrize("as_file", [False, True])
def test_pictures_that_show_too_little_are_refused(bench: Any, as_file: bool) -> None:
    pixels = [spotted(0.01), spotted(0.2), spotted(0.9)]
    pictures = [saved(Image.fromarray(p[..., 0])) if as_file else p for p in pixels]
    assert refused(cleaned(bench, pictures)) == []
    assert refused(cleaned(bench, pictures, near_blank={"share": 0.98})) == [
        (0, "near_blank", "the commonest grey level fills 99.0%")
    ]
    deviation = refused(cleaned(bench, pictures, near_blank={"deviation": 30}))
    assert [row[:2] for row in deviation] == [(0, "near_blank")]
    assert deviation[0][2].startswith("grey levels deviate by 2")


def test_a_blank_picture_is_called_blank_and_not_near_blank(bench: Any) -> None:
    made = cleaned(bench, [spotted(0)], near_blank={"share": 0.5})
    assert refused(made) == [(0, "blank", "all pixels are equal")]


def test_dark_and_bright_pictures_are_refused_by_their_mean(bench: Any) -> None:
    pictures = [spotted(0.1, level) for level in (4, 128, 250)]
    made = cleaned(bench, pictures, intensity={"lowest": 20, "highest": 220})
    assert [row[:2] for row in refused(made)] == [(0, "wrong_intensity"), (2, "wrong_intensity")]


def test_the_range_of_pixels_counts_for_intensity(bench: Any) -> None:
    raw = bench.raw([np.array([[[15], [16]]], np.uint8)], ["a"], maximum=16)
    assert refused(bench.clean(raw, intensity={"lowest": 200})) == []


def test_near_duplicates_share_a_family_across_formats_and_sizes(bench: Any) -> None:
    one, two = smooth(1), smooth(2)
    half = one.resize((200, 150), Image.Resampling.BICUBIC)
    files = [saved(one), saved(two), saved(one, "JPEG", quality=30), saved(half)]
    table = cleaned(bench, files, reduce_to=[28, 28]).table()
    thumbnails = np.stack([np.frombuffer(t.as_py(), np.uint8) for t in table["thumbnail"]])
    hashes = table["perceptual_hash"].to_numpy()
    assert families(hashes, thumbnails.__getitem__).tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("picture", "values"),
    [
        (np.asarray(noise(1, 31, 90)), {}),
        (np.full((40, 40, 1), 9, np.uint8), {"blank_images": "keep"}),
        (np.asarray(noise(1)), {"near_duplicates": "keep"}),
        (np.asarray(noise(1)), {"labelled": False}),
    ],
)
def test_where_likes_cannot_be_told_or_are_not_asked_for_there_is_no_hash(
    bench: Any, picture: Any, values: dict[str, Any]
) -> None:
    table = cleaned(bench, [picture], **values).table()
    assert table["perceptual_hash"].to_pylist() == table["thumbnail"].to_pylist() == [None]


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the names of the threads that a user's rule was called in."""
    seen: set[str] = set()
    module: Any = ModuleType("file_rules")

    def large(images: Array, labels: list[str]) -> Any:
        seen.add(threading.current_thread().name)
        return [f"{image.shape[0]} rows" if image.shape[0] > 100 else "" for image in images]

    module.large = large
    monkeypatch.setitem(sys.modules, "file_rules", module)
    return seen


def test_a_users_rule_sees_whole_pictures_in_one_thread(bench: Any, threads: set[str]) -> None:
    files = [saved(smooth(n, 90 + 30 * (n % 2), 100)) for n in range(20)]
    made = cleaned(bench, files, reduce_to=[8, 8], rules=["file_rules:large"])
    assert refused(made) == [(n, "rule:large", "120 rows") for n in range(1, 20, 2)]
    assert threads == {threading.main_thread().name}


def test_records_to_predict_may_have_another_size_and_a_label_that_training_never_saw(
    bench: Any,
) -> None:
    raw = bench.raw([saved(noise(1, 70, 33))], ["z"])
    made = bench.clean(raw, labelled=False, labels=["a", "b"])
    assert made.table()["label"].to_pylist() == ["z"]
    assert bench.transform(made, size=[28, 28], channels=1).result.counts.accepted == 1


def test_records_to_predict_of_another_size_are_refused_where_a_shape_is_demanded(
    bench: Any,
) -> None:
    made = cleaned(bench, [saved(noise(1, 70, 33))], labelled=False, shape=[28, 28])
    assert refused(made) == [(0, "wrong_shape", "70 x 33 pixels")]
