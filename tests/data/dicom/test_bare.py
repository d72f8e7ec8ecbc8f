"""Compressed frames keep their picture and nothing else."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from dicom_files import dataset, packed_by_gdcm, written
from millrace.data.dicom.bare import bare_frame
from millrace.data.dicom.pixels import decode
from millrace.data.dicom.undecodable import Undecodable

NAME = b"Zweifelstein"
SIDE = 64
PIXELS = (np.arange(SIDE * SIDE, dtype="<i2") * 7 % 2_000).reshape(SIDE, SIDE)
LARGE = {"Rows": SIDE, "Columns": SIDE, "PixelData": PIXELS.tobytes()}
BY_GDCM = {JPEGLosslessSV1: "JPEGLosslessProcess14_1", JPEGLSLossless: "JPEGLSLossless"}
SYNTAXES = (JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, RLELossless)


def packed(syntax: str, folder: Path) -> bytes:
    """Return a compressed frame."""
    image = dataset(**LARGE)
    if syntax not in BY_GDCM:
        image.compress(syntax)
    else:
        image = packed_by_gdcm(written(image), BY_GDCM[syntax], folder)
    return next(generate_frames(image.PixelData, number_of_frames=1))


def unpacked(frame: bytes, syntax: str) -> np.ndarray:
    image = dataset(**LARGE)
    image.file_meta.TransferSyntaxUID = syntax
    image.PixelData = encapsulate([frame])
    image["PixelData"].VR = "OB"
    image["PixelData"].is_undefined_length = True
    return decode(written(image)).pixels + 1024


def bare(frame: bytes, syntax: str) -> bytes:
    return bare_frame(frame, syntax, SIDE * SIDE, 2)


def segment(marker: int) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(NAME)) + NAME


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_what_stands_behind_a_picture_goes_and_the_picture_stays(
    syntax: str, tmp_path: Path
) -> None:
    frame = packed(syntax, tmp_path)
    made = bare(frame + NAME, syntax)
    assert NAME not in made
    assert (unpacked(made, syntax) == PIXELS).all()


@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, JPEGLSLossless])
@pytest.mark.parametrize("marker", [0xFE, 0xE0, 0xE1, 0xED, 0xEF])
def test_comments_and_notes_of_programs_go(syntax: str, marker: int, tmp_path: Path) -> None:
    frame = packed(syntax, tmp_path)
    made = bare(frame[:2] + segment(marker) + b"\xff" + frame[2:], syntax)
    assert NAME not in made
    assert (unpacked(made, syntax) == PIXELS).all()


def test_comments_of_jpeg_2000_go_from_its_headers_and_its_tiles(tmp_path: Path) -> None:
    frame = packed(JPEG2000Lossless, tmp_path)
    comment = b"\xff\x64" + struct.pack(">HH", 4 + len(NAME), 1) + NAME
    after_size = 4 + struct.unpack(">H", frame[4:6])[0]
    tile = frame.index(b"\xff\x90\x00\x0a")
    (length,) = struct.unpack(">I", frame[tile + 6 : tile + 10])
    longer = struct.pack(">I", length + len(comment) if length else 0)
    header = frame[:after_size] + comment + frame[after_size : tile + 6]
    parts = header + longer + frame[tile + 10 : tile + 12] + comment + frame[tile + 12 :]
    made = bare(b"\0\0\0\x14xml " + NAME + parts, JPEG2000Lossless)
    assert NAME not in made
    assert (unpacked(made, JPEG2000Lossless) == PIXELS).all()


def test_unused_offsets_and_gaps_of_runs_go(tmp_path: Path) -> None:
    frame = packed(RLELossless, tmp_path)
    (second,) = struct.unpack("<I", frame[8:12])
    gap = NAME[:12]
    moved = frame[:8] + struct.pack("<I", second + len(gap)) + frame[12:40] + NAME + frame[52:64]
    made = bare(moved + frame[64:second] + gap + frame[second:], RLELossless)
    assert NAME not in made
    assert (unpacked(made, RLELossless) == PIXELS).all()


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_damage_is_refused_or_makes_a_frame(syntax: str, tmp_path: Path) -> None:
    frame = packed(syntax, tmp_path)
    for cut in (0, 1, 3, 10, 63, 70, len(frame) // 2):
        with pytest.raises(Undecodable):
            bare(frame[:cut], syntax)
    with pytest.raises(Undecodable):
        bare(NAME * 20, syntax)
    chance = np.random.default_rng(3)
    for _ in range(100):
        damaged = bytearray(frame)
        damaged[chance.integers(len(frame))] = chance.integers(256)
        try:
            assert bare(bytes(damaged), syntax)
        except Undecodable:
            continue


def test_a_form_that_nobody_decodes_is_refused() -> None:
    with pytest.raises(Undecodable, match="no decoder here"):
        bare(b"\0" * 64, "1.2.840.10008.1.2.4.100")


def test_a_frame_that_is_bare_stays_as_it_is(tmp_path: Path) -> None:
    for syntax in SYNTAXES:
        made = bare(packed(syntax, tmp_path), syntax)
        assert bare(made, syntax) == made
