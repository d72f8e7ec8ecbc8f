"""A disk's failure is not taken for damage of what was read from it."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest

import array_sources as made
from millrace.data.sources import numpy_arrays_zip
from millrace.data.sources.damage import is_damage
from millrace.data.sources.reader import open_reader


@pytest.mark.parametrize(
    ("error", "damage"),
    [
        (OSError("bad superblock"), True),
        (OSError(errno.EINVAL, "negative offset"), True),
        (ValueError("bad header"), True),
        (OSError(errno.EIO, "read"), False),
        (OSError("write failed (errno = 28, error message = 'No space left on device')"), False),
    ],
)
def test_damage_is_told_from_failing_disks(error: Exception, damage: bool) -> None:
    assert is_damage(error) is damage


def failing(*args: Any, **options: Any) -> Any:
    raise OSError(errno.EIO, "Input/output error")


def test_a_failing_disk_is_not_a_damaged_file(files: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = files.pixels(4, (4, 4)), np.arange(4)
    sources = [
        made.hdf5(files.folder, {"images": images, "labels": labels}),
        made.parquet(files.folder, made.pixel_lists(images, labels)),
        made.npz(files.folder, {"x": images, "y": labels}),
    ]
    monkeypatch.setattr(h5py, "File", failing)
    monkeypatch.setattr(pq, "ParquetFile", failing)
    monkeypatch.setattr(numpy_arrays_zip.zipfile, "ZipFile", failing)
    for source in sources:
        with pytest.raises(OSError, match="Input/output error"):
            open_reader(source).partitions()
    assert Path(sources[0]["uri"]).is_file()
