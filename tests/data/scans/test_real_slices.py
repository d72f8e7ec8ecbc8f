"""The public CT slices, as they are: PNG files of any size, and a DICOM series."""

from __future__ import annotations

import os
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from millrace.artifacts.tables import column_to_images
from millrace.data.scans.encoding import HounsfieldEncoding
from millrace.workflow.folder_sources import ImageFolderSource

pytestmark = pytest.mark.data


@pytest.fixture
def data() -> Path:
    folder = os.environ.get("MILLRACE_DATA")
    if not folder:
        pytest.skip("MILLRACE_DATA does not name the folder of the public data sets")
    return Path(folder)


def test_every_png_slice_has_a_head_and_fills_its_canonical_slice(
    data, bench, cleaned, transformed
):
    folder = data / "head-ct-hemorrhage"
    source = ImageFolderSource(
        name="ct",
        kind="image_folder",
        uri=str(folder / "head_ct.zip"),
        labels=str(folder / "labels.csv"),
    ).model_dump(mode="json")
    made = [cleaned(bench.collect(source, part)) for part in bench.discover(source)]
    counts = Counter()
    for one in made:
        counts += Counter(one.result.counts.to_document())
    assert counts == {"received": 200, "accepted": 199, "duplicates": 1}
    for one in made:
        images = column_to_images(transformed(one).table()["image"], (32, 24, 3))
        heads = (images[..., 0] > 0).mean(axis=(1, 2))
        assert heads.min() > 0.6  # an ellipse fills 0.79 of its box


def test_a_dicom_series_becomes_slices_in_hounsfield_units(data, bench, cleaned, transformed):
    with tarfile.open(data / "dicom-ct" / "ge-head-ct.tar.gz") as archive:
        files = [archive.extractfile(m).read() for m in archive if m.isfile()]
    slices = [one for one in files if one[128:132] == b"DICM"]
    made = cleaned(bench.raw(slices, ["a"] * len(slices), encoding="dicom"), smallest_head=None)
    rows = made.table().to_pylist()
    assert len(rows) == len(slices) == 28
    encoding = HounsfieldEncoding.parse(rows[0]["encoding"])
    assert (encoding.height, encoding.width) == (512, 512)
    assert {HounsfieldEncoding.parse(row["encoding"]).spacing[2] for row in rows} == {4.0, 7.0}
    shown = transformed(made, spacing=(6.0, 7.0)).table()["image"]
    brains = column_to_images(shown, (32, 24, 3))[..., 0]
    assert np.median(brains[14][8:24, 6:18]) > 40
