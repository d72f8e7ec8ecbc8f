"""Picture files: what is made of every kind of good one, and what is said of hostile ones."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from millrace.data import picture_file
from millrace.data.picture_file import count_frames, decode_file, open_picture


def saved(image: Image.Image, form: str = "PNG", **values: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **values)
    return buffer.getvalue()


def encoded(mode: str, size: tuple[int, int] = (6, 4), form: str = "PNG", **values: Any) -> bytes:
    return saved(Image.new(mode, size, values.pop("color", 0)), form, **values)


def noise(side: int = 40) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8))


@pytest.mark.parametrize(
    ("mode", "channels"), [("1", 1), ("L", 1), ("LA", 1), ("P", 3), ("RGB", 3), ("RGBA", 3)]
)
def test_every_mode_becomes_grey_or_rgb(mode: str, channels: int) -> None:
    assert decode_file(encoded(mode)).shape == (4, 6, channels)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM"])
def test_the_usual_formats_are_read(form: str) -> None:
    assert decode_file(encoded("RGB", form=form)).shape == (4, 6, 3)


def test_one_bit_is_black_and_white() -> None:
    assert decode_file(encoded("1", color=1)).max() == 255


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bit_grey_keeps_its_high_byte(form: str) -> None:
    picture = Image.fromarray(np.full((2, 2), 0xABCD, np.uint16))
    assert decode_file(saved(picture, form)).tolist() == [[[0xAB], [0xAB]]] * 2


def test_sixteen_bit_grey_of_the_other_byte_order_keeps_its_high_byte() -> None:
    picture = Image.frombytes("I;16B", (2, 1), b"\xab\xcd\x01\x02")
    assert decode_file(saved(picture, "TIFF")).ravel().tolist() == [0xAB, 0x01]


def test_a_pgm_of_sixteen_bits_keeps_its_high_byte() -> None:
    assert decode_file(b"P5\n1 1\n65535\n\xab\xcd").tolist() == [[[0xAB]]]


@pytest.mark.parametrize(("values", "made"), [([0, 65_535], [0, 255]), ([300, 0x1234], [1, 0x12])])
def test_thirty_two_bit_integers_are_taken_as_sixteen(values: list[int], made: list[int]) -> None:
    data = saved(Image.fromarray(np.array([values], np.int32)), "TIFF")
    assert decode_file(data).ravel().tolist() == made


def test_floating_point_fills_the_range() -> None:
    data = saved(Image.fromarray(np.array([[0, 0.5, 1]], np.float32)), "TIFF")
    assert decode_file(data).ravel().tolist() == [0, 128, 255]


@pytest.mark.parametrize("values", [[-1, 5], [0, 70_000], [0.0, 1.5], [0.0, np.nan], [np.inf, 0.0]])
def test_pixels_outside_the_range_are_refused_with_it(values: list[float]) -> None:
    kind = np.int32 if isinstance(values[1], int) else np.float32
    data = saved(Image.fromarray(np.array([values], kind)), "TIFF")
    with pytest.raises(ValueError, match=r"pixels from \S+ to \S+ are outside 0 to"):
        decode_file(data)


def test_transparency_is_laid_on_white() -> None:
    assert decode_file(encoded("RGBA", color=(9, 9, 9, 0))).min() == 255
    assert decode_file(encoded("RGBA", color=(0, 0, 0, 128)))[0, 0].tolist() == [127] * 3
    assert decode_file(encoded("LA", color=(0, 0)))[0, 0].tolist() == [255]


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_a_transparent_colour_of_a_palette_is_white(form: str) -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    made = decode_file(saved(picture, form, transparency=0))
    assert made.tolist() == [[[255] * 3, [40, 50, 60]]]


@pytest.mark.parametrize(("kind", "levels"), [(np.uint16, [255, 0x12]), (np.uint8, [255, 9])])
def test_a_transparent_grey_level_is_white(kind: Any, levels: list[int]) -> None:
    values = np.array([[7, 0x1234 if kind is np.uint16 else 9]], kind)
    made = decode_file(saved(Image.fromarray(values), transparency=7))
    assert made.tolist() == [[[level] for level in levels]]


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(form: str) -> None:
    made = decode_file(encoded("CMYK", (16, 16), form, color=(0, 255, 255, 0)))
    assert np.abs(made[8, 8].astype(int) - [255, 0, 0]).max() < 6


def test_lab_becomes_srgb() -> None:
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    red = Image.new("RGB", (4, 4), (200, 30, 40))
    lab = ImageCms.profileToProfile(red, *profiles, outputMode="LAB")
    assert lab is not None
    made = decode_file(saved(lab, "TIFF"))
    assert np.abs(made[0, 0].astype(int) - [200, 30, 40]).max() <= 3


def turned(orientation: int, form: str) -> bytes:
    picture = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3) * 40)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(picture, form, exif=exif)


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(form: str, orientation: int) -> None:
    lossless = {"WEBP": "PNG"}.get(form, form)
    upright = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
    flipped = upright[:, ::-1] if orientation in (2, 4, 5, 7) else upright
    turns = {1: 0, 2: 0, 3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}[orientation]
    made = decode_file(turned(orientation, lossless))
    assert made[..., 0].tolist() == np.rot90(flipped, turns).tolist()
    assert decode_file(turned(orientation, form)).shape[:2] == made.shape[:2]


def test_exif_orientation_of_a_photo_is_applied() -> None:
    assert decode_file(turned(6, "JPEG")).shape == (3, 2, 1)


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" * 9]
)
def test_broken_exif_says_nothing(exif: bytes) -> None:
    assert decode_file(encoded("RGB", form="JPEG", exif=exif)).shape == (4, 6, 3)


@pytest.mark.parametrize("value", [0, 9, 77, 65_535])
def test_an_orientation_that_does_not_exist_turns_nothing(value: int) -> None:
    assert decode_file(turned(value, "JPEG")).shape == (2, 3, 1)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_several_frames_the_first_is_taken_and_all_are_counted(form: str) -> None:
    frames = [Image.new("RGB", (4, 4), (n * 60, 0, 0)) for n in range(1, 4)]
    data = saved(frames[0], form, save_all=True, append_images=frames[1:])
    file = open_picture(data)
    assert count_frames(file) == 3
    assert abs(int(decode_file(data)[0, 0, 0]) - 60) < 4
    assert count_frames(open_picture(saved(frames[0], form))) == 1


def test_the_second_picture_of_a_photo_is_no_frame() -> None:
    data = saved(noise(), "MPO", save_all=True, append_images=[noise()])
    assert count_frames(open_picture(data)) == 1
    assert decode_file(data).shape == (40, 40, 3)


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"not a picture", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x89PNG", b"II*\0"]
)
def test_something_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode_file(data)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_truncated_file_is_refused(form: str, share: float) -> None:
    data = saved(noise(), form)
    with pytest.raises(ValueError, match=r"\w"):
        decode_file(data[: int(len(data) * share)])


def test_a_picture_of_too_many_pixels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_file, "MOST_PIXELS", 23)
    with pytest.raises(ValueError, match="6 x 4 pixels are too many"):
        decode_file(encoded("RGB"))


@pytest.mark.parametrize("side", [8_000, 20_000])
def test_a_decompression_bomb_is_refused(side: int) -> None:
    with pytest.raises(ValueError, match=r"too many|bomb"):
        decode_file(encoded("1", (side, side)))


@pytest.mark.parametrize("form", ["GIF", "BMP", "PPM", "WEBP", "TIFF", "JPEG"])
def test_a_header_that_promises_too_much_is_refused_unread(form: str) -> None:
    side = 16_000
    headers = {
        "GIF": b"GIF89a" + struct.pack("<HH", side, side) + b"\0\0\0,\0\0\0\0"
        + struct.pack("<HH", side, side) + b"\0\x02\x01\0\0;",
        "BMP": b"BM" + struct.pack("<IHHI", 54, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0),
        "PPM": b"P6\n16000 16000\n255\n",
        "WEBP": b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0"
        + (side - 1).to_bytes(3, "little") * 2 + bytes(16),
        "TIFF": _tiff({256: side, 257: side}),
        "JPEG": b"\xff\xd8\xff\xc0\0\x11\x08" + struct.pack(">HH", side, side)
        + b"\x03\x01\x11\0\x02\x11\0\x03\x11\0\xff\xda\0\x0c\x03\x01\0\x02\0\x03\0\0\x3f\0",
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"\w"):
        decode_file(headers[form])


def _tiff(tags: dict[int, int]) -> bytes:
    """Return the header of a grey TIFF file of these tags."""
    values = {256: 16, 257: 16, 258: 8, 259: 1, 262: 1, 277: 1} | tags
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, values[tag]) for tag in sorted(values))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(values)) + entries + bytes(4)


def test_a_tile_that_is_larger_than_the_picture_is_refused() -> None:
    tile = {322: 65_536, 323: 65_536, 324: 200, 325: 100, 259: 8}
    with pytest.raises(ValueError, match="too many"):
        decode_file(_tiff(tile) + bytes(200))


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_a_compressed_text_that_swells_is_refused_or_left_out(kind: bytes) -> None:
    bomb = zlib.compress(bytes(100 << 20), 9)
    head = {b"zTXt": b"a\0\0", b"iTXt": b"a\0\1\0\0\0", b"iCCP": b"a\0\0"}[kind]
    png = encoded("L")
    chunk = head + bomb
    check = struct.pack(">I", zlib.crc32(kind + chunk))
    data = png[:33] + struct.pack(">I", len(chunk)) + kind + chunk + check + png[33:]
    try:
        assert decode_file(data).shape == (4, 6, 1)
    except ValueError as error:
        assert "too large" in str(error)  # noqa: PT017


def test_no_damage_of_a_file_raises_anything_else() -> None:
    rng = np.random.default_rng(0)
    for form in ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "PPM"):
        good = bytearray(encoded("RGB", (20, 20), form, color=(1, 2, 3)))
        for _ in range(60):
            bad = bytearray(good)
            for place in rng.integers(0, len(bad), 4):
                bad[place] = rng.integers(0, 256)
            try:
                decode_file(bytes(bad))
            except ValueError as error:
                assert len(str(error)) < 400  # noqa: PT017
