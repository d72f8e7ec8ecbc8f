"""Neighbouring slices: which they are, and that no series is shown in another."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dicom_files import ct, dataset, item, written
from drawn_slices import grey, png
from millrace.artifacts import tables
from millrace.artifacts.tables import column_to_images, write_table
from millrace.data.scans.encoding import HounsfieldEncoding
from millrace.data.scans.neighbours import nearest
from millrace.data.schemas import RAW
from millrace.workflow.dicom_sources import DicomSource
from millrace.workflow.stage import StageContext, StageResult

BRAIN = {"name": "brain", "kind": "window", "centre": 500, "width": 1000}
ABOVE = {"name": "above", "kind": "neighbour", "of": "brain", "distance": 5.0}
BELOW = {"name": "below", "kind": "neighbour", "of": "brain", "distance": -5.0}
SHOWN = {"size": (2, 3), "channels": [BRAIN, ABOVE, BELOW], "head": "keep"}
CLEAN = {"smallest_head": None, "blank_images": "keep", "duplicates": "keep"}
"""Slices of one value are told by it."""

Slice = tuple[str, str | None, float | None, int]
"""Series, group, place in millimetres and the level, 0 to 255, that a slice shows."""


def level(number: int) -> int:
    """Return the Hounsfield units that are shown as a level."""
    return round(number * 1000 / 255)


def row(number: int, one: Slice, size: tuple[int, int] = (2, 3)) -> dict[str, Any]:
    series, group, place, shown = one
    return {
        "record_id": f"scans/{number}",
        "source": "scans",
        "position": number,
        "origin": f"{series}/I-{number}" if series else f"I-{number}",
        "group": group,
        "label": "a",
        "content": np.full(size, level(shown), "<i2").tobytes(),
        "encoding": str(HounsfieldEncoding(*size, (1.0, 1.0, 5.0), place)),
    }


@pytest.fixture
def kept(bench, cleaned):
    """Return a function from collected rows to clean ones."""

    def run(rows: Sequence[dict[str, Any]], refused: Sequence[int] = ()) -> Any:
        class Making:
            @staticmethod
            def run(context: StageContext) -> StageResult:
                named = [{**r, "label": None} if n in refused else r for n, r in enumerate(rows)]
                table = pa.Table.from_pylist(named, RAW)
                write_table(context.output / "records.parquet", RAW, [table])
                return StageResult(kind="records", rows=len(rows))

        return cleaned(bench.run(Making, {}), **CLEAN)

    return run


@pytest.fixture
def shown(kept, transformed):
    """Return a function from collected rows to the levels of their channels, by row."""

    def run(rows: Sequence[dict[str, Any]], refused: Sequence[int] = ()) -> list[list[int]]:
        made = transformed(kept(rows, refused), **SHOWN).table()
        return column_to_images(made["image"], (2, 3, 3))[:, 0, 0].tolist()

    return run


def series(
    places: Sequence[float | None], name: str = "S-A", group: str | None = "P-A", first: int = 10
) -> list[Slice]:
    return [(name, group, place, first + 10 * n) for n, place in enumerate(places)]


def test_slices_above_and_below_are_shown_and_at_the_ends_the_slice_itself(shown):
    rows = [row(n, one) for n, one in enumerate(series([0, 5, 10]))]
    assert shown(rows) == [[10, 20, 10], [20, 30, 10], [30, 30, 20]]


def test_no_order_of_the_records_is_needed(shown):
    rows = [row(n, one) for n, one in enumerate(series([0, 5, 10]))]
    assert shown(rows[::-1]) == [[30, 30, 20], [20, 30, 10], [10, 20, 10]]


def test_a_refused_slice_and_a_gap_are_not_stepped_over(shown):
    rows = [row(n, one) for n, one in enumerate(series([0, 5, 10, 20, 25]))]
    assert shown(rows, refused=[1]) == [[10] * 3, [30] * 3, [40, 50, 40], [50, 50, 40]]


def test_a_slice_about_as_far_away_is_taken_and_one_much_farther_is_not(shown):
    rows = [row(n, one) for n, one in enumerate(series([0, 4, 11, 19]))]
    assert shown(rows) == [[10, 20, 10], [20, 30, 10], [30, 30, 20], [40, 40, 40]]


def test_of_thin_slices_the_one_at_the_distance_is_taken(shown):
    rows = [row(n, one) for n, one in enumerate(series([float(mm) for mm in range(12)]))]
    assert shown(rows)[5] == [60, 110, 10]


def test_one_slice_alone_is_shown_three_times(shown):
    assert shown([row(0, series([0.0])[0])]) == [[10] * 3]


def test_interleaved_series_are_never_mixed(shown):
    one, other = series([0, 5, 10]), series([0, 5, 10], "S-B", "P-A", 100)
    pairs = [s for pair in zip(one, other, strict=True) for s in pair]
    made = shown([row(n, s) for n, s in enumerate(pairs)])
    assert made[::2] == [[10, 20, 10], [20, 30, 10], [30, 30, 20]]
    assert made[1::2] == [[100, 110, 100], [110, 120, 100], [120, 120, 110]]


def test_a_series_of_two_patients_is_not_mixed(shown):
    one, other = series([0, 10]), series([5, 15], "S-A", "P-B", 100)
    made = shown([row(n, s) for n, s in enumerate([*one, *other])])
    assert made == [[n] * 3 for n in (10, 20, 100, 110)]


@pytest.mark.parametrize(
    "slices",
    [
        pytest.param(series([None, None]), id="no place"),
        pytest.param(series([0, 5], group=None), id="no patient"),
        pytest.param(series([0, 5], name=""), id="no series"),
        pytest.param([*series([0, 5]), ("", None, 5.0, 90)][::2], id="another's place"),
    ],
)
def test_what_is_not_known_to_be_of_one_series_has_no_neighbours(shown, slices):
    made = shown([row(n, one) for n, one in enumerate(slices)])
    assert made == [[one[3]] * 3 for one in slices]


def test_a_slice_of_another_size_is_no_neighbour(shown):
    one, other = series([0, 5])
    assert shown([row(0, one), row(1, other, (4, 6))]) == [[10] * 3, [20] * 3]


def test_slices_at_one_place_have_the_neighbours_next_to_them_in_the_series():
    places = np.array([0.0, 0.0, 5.0, 5.0, 5.0])
    assert nearest(places, 5.0).tolist() == [2, 2, -1, -1, -1]
    assert nearest(places, -5.0).tolist() == [-1, -1, 1, 1, 1]


def test_a_neighbour_is_the_nearest_by_its_place():
    places = np.cumsum(np.random.default_rng(3).uniform(0.3, 9, 200))
    for distance in (5.0, -5.0, 12.0):
        away = abs(places[:, np.newaxis] + distance - places)
        best = np.where(away.min(axis=1) <= abs(distance) / 2, away.argmin(axis=1), -1)
        assert nearest(places, distance).tolist() == best.tolist()


def test_neighbours_are_found_across_row_groups_and_parts(shown, monkeypatch):
    slices = series([5.0 * n for n in range(20)])
    expected = shown([row(n, one) for n, one in enumerate(slices)])
    monkeypatch.setattr(tables, "ROW_GROUP", 3)
    assert shown([row(n, one) for n, one in enumerate(slices)]) == expected
    assert [made[0] for made in expected] == [one[3] for one in slices]


def test_a_long_series_takes_no_more_memory_than_a_short_one(kept, transformed, monkeypatch):
    monkeypatch.setattr(tables, "GROUP_BYTES", 1 << 19)

    def peak(count: int) -> int:
        rows = [row(n, ("S", "P", 5.0 * n, n % 250), (64, 64)) for n in range(count)]
        clean = kept(rows)
        del rows
        tracemalloc.start()
        transformed(clean, **SHOWN)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)  # what is imported and remembered
    short, long = peak(150), peak(750)
    assert long - short < 600 * 8192 / 8  # an eighth of what the further slices hold


def test_pictures_have_no_neighbours(bench, cleaned, transformed):
    slices = [png(grey(reach=0.3 + 0.03 * n)) for n in range(3)]
    made = transformed(cleaned(bench.raw(slices, ["a"] * 3, groups=["P"] * 3)), **SHOWN).table()
    images = column_to_images(made["image"], (2, 3, 3))
    np.testing.assert_array_equal(images[..., 1], images[..., 0])
    np.testing.assert_array_equal(images[..., 2], images[..., 0])


def dicom(bench: Any, uri: Path) -> Any:
    """Return the collected slices of a folder or an archive, which are one partition."""
    source = DicomSource(name="scans", kind="dicom", uri=str(uri)).model_dump(mode="json")
    (partition,) = bench.discover(source | {"privacy": {}})
    return bench.collect(source | {"privacy": {}}, partition)


@pytest.fixture
def key(tmp_path, monkeypatch):
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MILLRACE_PRIVACY_KEY", "5a" * 32)


def test_two_dicom_series_keep_apart_and_a_broken_file_is_a_gap(
    bench, cleaned, transformed, tmp_path, key
):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(4):
        at = [0, 0, 5 * number]
        (folder / f"a{number}.dcm").write_bytes(ct(number, ImagePositionPatient=at))
        other = {"SeriesInstanceUID": "9.9", "ImagePositionPatient": [0, 0, 5 * number]}
        (folder / f"b{number}.dcm").write_bytes(ct(number + 10, **other))
    (folder / "a2.dcm").write_bytes((folder / "a2.dcm").read_bytes()[:-40])
    made = cleaned(dicom(bench, folder), labelled=False, **CLEAN)
    table = made.table()
    of = table["origin"].to_pylist()
    whole = {name: [n for n, o in enumerate(of) if o.partition("/")[0] == name]
             for name in {o.partition("/")[0] for o in of}}  # fmt: skip
    assert sorted(map(len, whole.values())) == [3, 4]
    images = column_to_images(transformed(made, **SHOWN).table()["image"], (2, 3, 3))
    places = [HounsfieldEncoding.parse(e).place for e in table["encoding"].to_pylist()]
    for rows in whole.values():
        by_place = {places[n]: n for n in rows}
        for number in rows:
            above = by_place.get(places[number] + 5, number)
            below = by_place.get(places[number] - 5, number)
            np.testing.assert_array_equal(images[number, ..., 1], images[above, ..., 0])
            np.testing.assert_array_equal(images[number, ..., 2], images[below, ..., 0])


def test_frames_of_one_file_have_places_of_their_own(bench, cleaned, transformed, tmp_path, key):
    frames = [dataset(n).PixelData for n in range(3)]
    groups = [
        item(PlanePositionSequence=[item(ImagePositionPatient=[0, 0, at])]) for at in (10, 5, 0)
    ]
    whole = dataset(
        1,
        NumberOfFrames="3",
        PixelData=b"".join(frames),
        PerFrameFunctionalGroupsSequence=groups,
        ImagePositionPatient=None,
    )
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.dcm").write_bytes(written(whole))
    made = cleaned(dicom(bench, folder), labelled=False, **CLEAN)
    images = column_to_images(transformed(made, **SHOWN).table()["image"], (2, 3, 3))
    np.testing.assert_array_equal(images[1:, ..., 1], images[:-1, ..., 0])
    np.testing.assert_array_equal(images[:-1, ..., 2], images[1:, ..., 0])


@pytest.mark.data
def test_a_real_series_is_shown_with_the_slices_above_and_below(bench, cleaned, transformed, key):
    folder = os.environ.get("MILLRACE_DATA")
    if not folder:
        pytest.skip("MILLRACE_DATA does not name the folder of the public data sets")
    collected = dicom(bench, Path(folder) / "dicom-ct" / "ge-head-ct.tar.gz")
    made = cleaned(collected, labelled=False, **CLEAN)
    rows = made.table().to_pylist()
    places = [HounsfieldEncoding.parse(row["encoding"]).place for row in rows]
    assert len(rows) == 28
    assert places == sorted(places)
    steps = np.diff(places).round().tolist()
    assert set(steps) == {4, 1, 7}  # 4 mm up to where the second part, of 7 mm, begins
    images = column_to_images(
        transformed(made, **SHOWN | {"size": (32, 32)}).table()["image"], (32, 32, 3)
    )
    for number, place in enumerate(places):
        for channel, wanted in ((1, place + 5), (2, place - 5)):
            other = min(range(28), key=lambda n: abs(places[n] - wanted))
            other = other if abs(places[other] - wanted) <= 2.5 else number
            np.testing.assert_array_equal(images[number, ..., channel], images[other, ..., 0])
    alone = (images[..., 1] == images[..., 0]).all(axis=(1, 2))
    assert np.flatnonzero(alone).tolist() == [13, 27]  # 1 and 8 mm below the others; the top
