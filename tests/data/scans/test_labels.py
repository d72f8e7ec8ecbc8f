"""A folder of slices beside a file of labels that does not quite fit it."""

from __future__ import annotations

import pytest

from drawn_slices import grey, png
from millrace.errors import DataError
from millrace.workflow.folder_sources import ImageFolderSource

SLICES = [grey(reach=0.2 + 0.02 * n) for n in range(4)]


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "slices"
    made.mkdir()
    for number, one in enumerate(SLICES):
        (made / f"{number:03}.png").write_bytes(png(one))
    return made


@pytest.fixture
def collected(bench, folder, tmp_path):
    """Return a function from the text of labels.csv to the collected records."""

    def run(text, **values):
        labels = tmp_path / "labels.csv"
        labels.write_text(text)
        source = ImageFolderSource(
            name="ct", kind="image_folder", uri=str(folder), labels=str(labels), **values
        ).model_dump(mode="json")
        (partition,) = bench.discover(source)
        return bench.collect(source, partition)

    return run


def test_a_header_with_spaces_names_its_columns(collected):
    made = collected("id, hemorrhage\n0,1\n1,0\n2,1\n3,0\n").table()
    assert made["label"].to_pylist() == ["1", "0", "1", "0"]


def test_labels_of_slices_that_do_not_exist_are_refused_or_counted(collected):
    text = "id, hemorrhage\n0,1\n1,0\n2,1\n3,0\n4,1\n"
    with pytest.raises(DataError, match="4"):
        collected(text)
    assert collected(text, missing_files="ignore").table().num_rows == 4


def test_slices_without_labels_go_to_quarantine(collected, cleaned):
    made = cleaned(collected("id, hemorrhage\n0,1\n1,0\n"))
    rows = made.table("quarantine.parquet").to_pylist()
    assert [row["reason"] for row in rows] == ["missing_label"] * 2
