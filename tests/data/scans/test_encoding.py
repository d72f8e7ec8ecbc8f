"""The layout of slices in Hounsfield units."""

from __future__ import annotations

import numpy as np
import pytest

from millrace.data.scans.encoding import HounsfieldEncoding
from millrace.errors import SpecError


@pytest.mark.parametrize(
    "encoding",
    [
        HounsfieldEncoding(512, 512, (0.45, 0.45, 5.0)),
        HounsfieldEncoding(1, 99_999, (0.488281, 100.0, None)),
        HounsfieldEncoding(3, 2),
        HounsfieldEncoding(3, 2, (None, 0.5, None), -1234.5678),
        HounsfieldEncoding(3, 2, place=0.0),
        HounsfieldEncoding(3, 2, place=700.0),
    ],
)
def test_an_encoding_survives_its_text(encoding):
    assert HounsfieldEncoding.parse(str(encoding)) == encoding


def test_the_text_says_size_and_millimetres():
    assert str(HounsfieldEncoding(512, 256, (0.45, 0.5, 5.0))) == "hu;512x256;0.45x0.5x5"
    assert str(HounsfieldEncoding(3, 2)) == "hu;3x2;-x-x-"
    assert str(HounsfieldEncoding(3, 2, place=-12.5)) == "hu;3x2;-x-x-;at-12.5"
    assert str(HounsfieldEncoding(3, 2, place=-0.00001)) == "hu;3x2;-x-x-;at0"


def test_a_place_outside_of_any_scanner_is_unknown():
    assert str(HounsfieldEncoding(3, 2, place=1e9)) == "hu;3x2;-x-x-"


@pytest.mark.parametrize(
    "text",
    [
        "hu;",
        "hu;0x2;-x-x-",
        "hu;3x2",
        "hu;3x2;1x1",
        "hu;3x2;1e9x1x1",
        "hu;-3x2;-x-x-",
        "pixels",
        "hu;3x2;-x-x-;at",
        "hu;3x2;-x-x-;atnan",
        "hu;3x2;-x-x-;at1e3",
    ],
)
def test_another_text_is_a_bug_of_the_source(text):
    with pytest.raises(SpecError, match="encoding that does not exist"):
        HounsfieldEncoding.parse(text)


def test_bytes_of_another_length_are_no_slice():
    encoding = HounsfieldEncoding(2, 3)
    values = np.arange(-3, 3, dtype="<i2").reshape(2, 3)
    np.testing.assert_array_equal(encoding.values(values.tobytes()), values)
    with pytest.raises(ValueError, match="11 bytes instead of 12"):
        encoding.values(values.tobytes()[:-1])
