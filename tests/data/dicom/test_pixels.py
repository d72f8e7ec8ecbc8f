"""Slices as Hounsfield units, and what makes them undecodable."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, RLELossless, SecondaryCaptureImageStorage

from dicom_files import big_endian, ct, dataset, packed_by_gdcm, written
from millrace.data.dicom import parse as parsing
from millrace.data.dicom.codestream import codestream_size
from millrace.data.dicom.pixels import AIR, decode
from millrace.data.dicom.undecodable import Undecodable

RAMP = np.arange(256, dtype="<i2").reshape(16, 16)


def ramp(**values: Any) -> bytes:
    return ct(**{"PixelData": RAMP.tobytes()} | values)


def test_stored_values_become_hounsfield_units() -> None:
    found = decode(ramp())
    assert found.pixels.dtype == np.int16
    assert (found.pixels == RAMP - 1024).all()
    assert found.units == "HU"


def test_big_endian_and_compressed_slices_decode_alike() -> None:
    image = dataset(PixelData=RAMP.tobytes())
    image.compress(RLELossless)
    for data in (written(image), big_endian(PixelData=RAMP.tobytes())):
        assert (decode(data).pixels == RAMP - 1024).all()


@pytest.mark.parametrize(
    "syntax", ["JPEGLosslessProcess14_1", "JPEGLSLossless", "JPEG2000Lossless"]
)
def test_lossless_slices_decode_as_they_were(syntax: str, tmp_path: Path) -> None:
    packed = packed_by_gdcm(ramp(), syntax, tmp_path)
    assert packed.file_meta.TransferSyntaxUID.is_compressed
    assert (decode((tmp_path / "packed").read_bytes()).pixels == RAMP - 1024).all()


def test_a_fractional_slope_is_rounded_and_values_are_cut_to_16_bits() -> None:
    found = decode(ramp(RescaleSlope="0.5", RescaleIntercept="0")).pixels
    assert (found == np.rint(RAMP * 0.5)).all()
    assert decode(ramp(RescaleSlope="1000")).pixels.max() == 32_767


@pytest.mark.parametrize("padding", [{"PixelPaddingValue": 3}, {"PixelPaddingValue": 65_539}])
def test_padding_is_air(padding: dict[str, int]) -> None:
    image = dataset(PixelData=RAMP.tobytes())
    image.add_new("PixelPaddingValue", "US", padding["PixelPaddingValue"] % 65_536)
    assert decode(written(image)).pixels[0, 3] == AIR


def test_a_range_of_padding_is_air() -> None:
    data = ramp(PixelPaddingValue=3, PixelPaddingRangeLimit=5)
    assert (decode(data).pixels.ravel()[:8] == AIR).sum() == 4  # 0 is AIR itself


def test_white_is_large_where_values_have_no_unit() -> None:
    said = {"Modality": "OT", "RescaleSlope": None, "RescaleIntercept": None}
    found = decode(ramp(PhotometricInterpretation="MONOCHROME1", **said))
    assert found.units == "raw"
    assert found.pixels[0, 0] == 255


def test_hounsfield_units_are_no_other_where_white_is_small() -> None:
    data = ramp(PhotometricInterpretation="MONOCHROME1")
    assert (decode(data).pixels == RAMP - 1024).all()


def test_a_file_without_preamble_decodes() -> None:
    assert (decode(ramp()[132:]).pixels == RAMP - 1024).all()


def test_signed_values_whose_unused_bits_are_zero_are_read_with_their_sign() -> None:
    data = ramp(PixelData=(RAMP | 0x0F00).tobytes(), BitsStored=12, HighBit=11)
    assert (decode(data).pixels == RAMP - 256 - 1024).all()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"RescaleSlope": None}, "Hounsfield units cannot be told"),
        ({"RescaleSlope": "0"}, "slope is 0"),
        ({"RescaleIntercept": "9e99"}, "not a number"),
        ({"BitsStored": 17}, "17 bits stored of 16"),
        ({"BitsStored": 7, "HighBit": 6}, "more than the 7 bits"),
        ({"HighBit": 3}, "high bit"),
        ({"Rows": 60_000, "Columns": 60_000}, "60000 x 60000"),
        ({"Rows": 0}, "0 x 16"),
        ({"Rows": 17}, "cut short"),
        ({"SamplesPerPixel": 3}, "colour"),
        ({"PixelRepresentation": 2}, "neither signed"),
        ({"PixelData": b"\0\0"}, "cut short"),
    ],
)
def test_a_header_that_contradicts_its_pixels_is_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(Undecodable, match=said):
        decode(ramp(**values))


@pytest.mark.parametrize("cut", [0, 3, 131, 200, 400])
def test_a_truncated_header_is_refused(cut: int) -> None:
    with pytest.raises(Undecodable):
        decode(ramp()[:cut])


def test_a_compressed_frame_larger_than_its_header_says_is_never_unpacked() -> None:
    size = struct.pack(">4I", 60_000, 60_000, 0, 0)
    bomb = b"\xff\x4f\xff\x51" + b"\0\x29\0\0" + size + b"\0" * 64
    assert codestream_size(bomb) == (60_000, 60_000)
    image = dataset()
    image.PixelData = encapsulate([bomb])
    image["PixelData"].is_undefined_length = True
    image.file_meta.TransferSyntaxUID = JPEG2000Lossless
    with pytest.raises(Undecodable, match="another size"):
        decode(written(image))


def test_a_compressed_syntax_that_nobody_decodes_is_refused() -> None:
    image = dataset()
    image.PixelData = encapsulate([b"\0" * 64])
    image["PixelData"].is_undefined_length = True
    image.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"  # MPEG-2
    with pytest.raises(Undecodable, match="no decoder here"):
        decode(written(image))


def test_a_deflated_data_set_is_read_and_one_that_is_a_bomb_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = dataset(PixelData=RAMP.tobytes())
    image.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    data = written(image)
    assert (decode(data).pixels == RAMP - 1024).all()
    monkeypatch.setattr(parsing, "LARGEST", 500)
    with pytest.raises(Undecodable, match="unpacks to more"):
        decode(data)


@pytest.mark.parametrize("spacing", [[0, 1e9], [1e-9, 1e-5], [-1, 2000]])
def test_spacing_that_no_scanner_makes_is_unknown(spacing: list[Any]) -> None:
    found = decode(ramp(PixelSpacing=spacing, SliceThickness=None)).spacing
    assert found == (None, None, None)


def test_a_slice_tells_its_place_along_the_normal_of_its_plane() -> None:
    coronal = {"ImageOrientationPatient": [1, 0, 0, 0, 0, -1], "ImagePositionPatient": [1, 2.5, 3]}
    assert decode(ramp(ImagePositionPatient=[1, 2, -12.5])).place == -12.5
    assert decode(ramp(**coronal)).place == 2.5
    assert decode(ramp(ImageOrientationPatient=None, ImagePositionPatient=[1, 2, 3])).place == 3
    assert decode(ramp(ImagePositionPatient=None)).place is None


def test_a_secondary_capture_has_no_unit() -> None:
    said = {"Modality": "OT", "RescaleSlope": None, "RescaleIntercept": None}
    data = ramp(SOPClassUID=SecondaryCaptureImageStorage, **said)
    assert decode(data).units == "raw"
