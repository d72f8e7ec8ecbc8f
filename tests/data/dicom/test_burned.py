"""Text burned into pixels is found by the real program; anatomy is not text."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from shutil import which

import numpy as np
import numpy.typing as npt
import pydicom
import pytest
from PIL import Image, ImageDraw, ImageFont

from millrace.data.dicom import burned
from millrace.data.dicom.burned import can_read_text, shows_text
from millrace.data.dicom.undecodable import Undecodable


@pytest.fixture
def program() -> None:
    """The program that reads text."""
    if which("tesseract") is None:
        pytest.skip("tesseract is not installed: text among pixels cannot be looked for")
    assert can_read_text()


def head(rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """A bright ring around soft tissue with noise, in Hounsfield units, (512, 512)."""
    rows, columns = np.mgrid[:512, :512]
    far = np.hypot((rows - 280) / 200, (columns - 256) / 160)
    values = np.where(far < 1, 40, -1000) + np.where((far > 0.9) & (far < 1), 900, 0)
    return np.asarray(values + rng.normal(0, 8, values.shape), np.int16)


def written(slice_: npt.NDArray[np.int16], text: str, size: int) -> npt.NDArray[np.int16]:
    """The slice with text in its corner, as white as bone."""
    ink = Image.new("L", slice_.shape[::-1])
    font = ImageFont.load_default(size)
    ImageDraw.Draw(ink).multiline_text((8, 8), text, fill=255, font=font)
    return np.where(np.asarray(ink) > 127, np.int16(1500), slice_)


@pytest.mark.ocr
@pytest.mark.usefixtures("program")
@pytest.mark.parametrize("size", [14, 20, 28])
def test_a_name_and_a_number_are_found(size: int) -> None:
    slice_ = head(np.random.default_rng(size))
    assert not shows_text(slice_)
    assert shows_text(written(slice_, "ZWEIFELSTEIN, HILDEGUNDE\nPID 47110815", size))


@pytest.mark.ocr
@pytest.mark.usefixtures("program")
def test_sides_and_flat_slices_are_no_text() -> None:
    slice_ = head(np.random.default_rng(0))
    assert not shows_text(written(slice_, "R", 24))
    assert not shows_text(np.full((64, 64), -1000, np.int16))


@pytest.mark.ocr
@pytest.mark.data
@pytest.mark.usefixtures("program")
def test_no_slice_of_a_real_head_is_taken_for_text(data_folder: Path) -> None:
    with tarfile.open(data_folder / "dicom-ct" / "ge-head-ct.tar.gz") as archive:
        files = [m for m in archive.getmembers() if m.isfile()][::7]
        slices = [io.BytesIO(archive.extractfile(m).read()) for m in files]  # type: ignore[union-attr]
    for one in slices:
        assert not shows_text(pydicom.dcmread(one).pixel_array.astype(np.int16))


def test_a_program_that_fails_leaves_no_slice_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        @staticmethod
        def image_to_data(*_: object, **__: object) -> str:
            raise RuntimeError("tesseract: error of its own")

    monkeypatch.setattr(burned, "import_module", lambda name: Broken)
    with pytest.raises(Undecodable, match=r"could not be looked for \(RuntimeError\)"):
        shows_text(np.zeros((8, 8), np.int16))
