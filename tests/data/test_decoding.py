"""Picture files: what Pillow makes of good and of hostile ones."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from millrace.data import picture_file
from millrace.data.picture_file import decode_file


def encoded(mode: str, size: tuple[int, int] = (6, 4), form: str = "PNG", **values: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, values.pop("color", 0)).save(buffer, form, **values)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("mode", "channels"), [("1", 1), ("L", 1), ("LA", 1), ("P", 3), ("RGB", 3), ("RGBA", 3)]
)
def test_every_mode_becomes_grey_or_rgb(mode: str, channels: int) -> None:
    assert decode_file(encoded(mode)).shape == (4, 6, channels)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM"])
def test_the_usual_formats_are_read(form: str) -> None:
    assert decode_file(encoded("RGB", form=form)).shape == (4, 6, 3)


def test_sixteen_bit_grey_keeps_its_high_byte() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.full((2, 2), 0xABCD, np.uint16)).save(buffer, "PNG")
    assert decode_file(buffer.getvalue()).tolist() == [[[0xAB], [0xAB]]] * 2


def test_exif_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode_file(encoded("RGB", form="JPEG", exif=exif)).shape == (6, 4, 3)


@pytest.mark.parametrize("data", [b"", b"not a picture", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x89PNG"])
def test_something_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="cannot identify image file"):
        decode_file(data)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "TIFF"])
def test_a_truncated_file_is_refused(form: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, form)
    data = buffer.getvalue()
    with pytest.raises(ValueError, match=r"\w"):
        decode_file(data[: len(data) // 2])


def test_a_picture_of_too_many_pixels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_file, "MOST_PIXELS", 23)
    with pytest.raises(ValueError, match="6 x 4 pixels are too many"):
        decode_file(encoded("RGB"))


@pytest.mark.parametrize("side", [8_000, 20_000])
def test_a_decompression_bomb_is_refused(side: int) -> None:
    with pytest.raises(ValueError, match=r"too many|bomb"):
        decode_file(encoded("1", (side, side)))


def test_no_damage_of_a_file_raises_anything_else() -> None:
    rng = np.random.default_rng(0)
    for form in ("PNG", "JPEG", "GIF", "TIFF", "WEBP"):
        good = bytearray(encoded("RGB", (20, 20), form, color=(1, 2, 3)))
        for _ in range(60):
            bad = bytearray(good)
            for place in rng.integers(0, len(bad), 4):
                bad[place] = rng.integers(0, 256)
            try:
                decode_file(bytes(bad))
            except ValueError as error:
                assert len(str(error)) < 400  # noqa: PT017


def test_files_are_cleaned_to_pixels(bench: Any) -> None:
    pictures = [encoded("L", color=7), b"junk", encoded("RGB", color=(1, 2, 3)), None]
    made = bench.clean(bench.raw(pictures, list("aaaa")), blank_images="keep")
    assert made.table()["encoding"].to_pylist() == [
        "pixels;height=4;width=6;channels=1;maximum=255",
        "pixels;height=4;width=6;channels=3;maximum=255",
    ]
    assert made.table()["content"][1].as_py() == bytes([1, 2, 3]) * 24
    rows = made.table("quarantine.parquet").to_pylist()
    assert [(r["reason"], r["content"], r["encoding"]) for r in rows] == [
        ("undecodable", b"junk", "file"),
        ("undecodable", None, "file"),
    ]
