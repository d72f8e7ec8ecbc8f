"""The data contract of CT slices, hostile ones first; and what transforming makes of the rest."""

from __future__ import annotations

import numpy as np
import pytest

from drawn_slices import AIR, grey, hounsfield, png
from millrace.data.near_duplicates.families import families
from millrace.data.pictures.files import picture
from millrace.data.scans.encoding import HounsfieldEncoding
from millrace.data.scans.modality import Scans
from millrace.errors import SpecError

HU = str(HounsfieldEncoding(96, 80, (0.5, 0.5, 5.0)))


def reasons(made):
    return {
        row["record_id"][-1]: row["reason"] for row in made.table("quarantine.parquet").to_pylist()
    }


def measured(bench, slices, labels=None, encoding=HU):
    contents = [one if isinstance(one, bytes) else one.astype("<i2").tobytes() for one in slices]
    return bench.raw(contents, labels or ["a"] * len(contents), encoding=encoding)


def test_slices_that_show_no_head_are_refused_with_the_reason(bench, cleaned):
    random = np.random.default_rng(0)
    black, noise = np.zeros((64, 64), np.uint8), random.integers(0, 255, (64, 64), dtype=np.uint8)
    small = grey((200, 200), reach=0.04)
    made = cleaned(bench.raw([png(p) for p in (grey(), black, noise, small)], ["a"] * 4))
    assert reasons(made) == {"1": "blank", "2": "no_head", "3": "no_head"}


def test_a_head_may_be_as_small_as_the_workflow_says(bench, cleaned):
    small = png(grey((200, 200), reach=0.04))
    assert reasons(cleaned(bench.raw([small], ["a"]), smallest_head=None)) == {}


def test_damaged_contents_are_refused(bench, cleaned):
    made = cleaned(measured(bench, [hounsfield(), b"", b"1" * 7, np.full((96, 80), AIR)]))
    assert reasons(made) == {"1": "undecodable", "2": "undecodable", "3": "blank"}


def test_damaged_dicom_files_are_refused(bench, cleaned):
    made = cleaned(bench.raw([b"", b"no DICOM file", b"\0" * 200], ["a"] * 3, encoding="dicom"))
    assert set(reasons(made).values()) == {"undecodable"}
    assert len(reasons(made)) == 3


def test_an_encoding_that_does_not_exist_is_a_bug_of_the_source(bench, cleaned):
    with pytest.raises(SpecError, match="encoding that does not exist"):
        cleaned(bench.raw([b"12"], ["a"], encoding="hu;one slice"))


def test_a_file_of_sixteen_bits_is_taken_by_its_high_byte(bench, cleaned, transformed):
    deep = png(grey().astype(np.uint16) << 8)
    made = cleaned(bench.raw([png(grey()), deep], ["a", "a"]))
    assert made.result.counts.duplicates == 1


def test_sizes_are_limited_as_those_of_pictures_are(bench, cleaned):
    made = cleaned(
        bench.raw([png(grey((40, 30))), png(grey((300, 90)))], ["a", "a"]),
        sizes={"smallest": 32, "largest": 256},
    )
    assert reasons(made) == {"0": "wrong_size", "1": "wrong_size"}


def test_slices_of_both_kinds_are_cleaned_together(bench, cleaned, transformed):
    raw = bench.raw([png(grey()), grey()[..., np.newaxis]], ["a", "a"])
    assert cleaned(raw, duplicates="keep").result.counts.accepted == 2
    made = transformed(cleaned(measured(bench, [hounsfield(), hounsfield(reach=0.3)], ["a", "b"])))
    assert made.table().schema.field("image").type.byte_width == 32 * 24 * 3
    assert made.result.facts["records"] == {
        "modality": "ct",
        "shape": [32, 24, 3],
        "channels": ["window", "mirror", "contrast"],
    }


def test_clean_slices_keep_their_units_and_millimetres(bench, cleaned):
    (row,) = cleaned(measured(bench, [hounsfield()])).table().to_pylist()
    encoding = HounsfieldEncoding.parse(row["encoding"])
    assert encoding.spacing == (0.5, 0.5, 5.0)
    np.testing.assert_array_equal(encoding.values(row["content"]), hounsfield())


def test_equal_values_of_other_spacing_are_other_slices(bench, cleaned):
    one = measured(bench, [hounsfield(), hounsfield()])
    assert cleaned(one).result.counts.duplicates == 1
    other = str(HounsfieldEncoding(96, 80, (0.4, 0.4, 5.0)))
    first, second = (
        cleaned(measured(bench, [hounsfield()], encoding=name))
        .table()
        .to_pylist()[0]["content_digest"]
        for name in (HU, other)
    )
    assert first != second


def test_equal_values_at_another_place_are_duplicates(bench, cleaned):
    size, spacing = (96, 80), (0.5, 0.5, 5.0)
    encodings = [str(HounsfieldEncoding(size[0], size[1], spacing, at)) for at in (0.0, 5.0)]
    digests = {
        cleaned(measured(bench, [hounsfield()], encoding=name)).table()["content_digest"][0]
        for name in encodings
    }
    assert len(digests) == 1


def test_no_records_are_no_error(bench, cleaned, transformed):
    made = transformed(cleaned(bench.raw([], [])))
    assert made.table().num_rows == 0


def test_replayed_slices_have_the_digest_that_cleaning_gave_them(bench, cleaned):
    raw = measured(bench, [hounsfield(), hounsfield(reach=0.3)])
    found = Scans().digests(raw.table(), {})
    assert found.tolist() == cleaned(raw).table()["content_digest"].to_pylist()


def test_a_person_sees_a_picture_and_may_not_bring_in_a_measured_file(bench):
    content = hounsfield().tobytes(), HU
    shown, suffix = Scans().as_file(content, "a")
    assert (suffix, picture(shown, "file").shape) == (".png", (96, 80, 1))
    assert Scans().from_file(png(grey()), content) is None
    assert Scans().from_file(png(grey()), (b"", "file")) == (png(grey()), "file")
    assert Scans().same(content, content)


def test_slices_are_compared_by_the_head_wherever_it_lies(bench, cleaned):
    rows, columns = np.mgrid[:160, :160]

    def lying(centre, side, spot):
        head = np.hypot(rows - centre, columns - centre - 9) < side
        levels = head * 120 + (np.hypot(rows - centre - spot, columns - centre) < side / 3) * 90
        return png(np.where(head, levels, 0).astype(np.uint8))

    made = cleaned(bench.raw([lying(60, 50, 9), lying(90, 60, 11), lying(60, 50, -22)], ["a"] * 3))
    clean = made.table("records.parquet")
    hashes = clean["perceptual_hash"].to_numpy()
    thumbnails = np.stack([np.frombuffer(one, np.uint8) for one in clean["thumbnail"].to_pylist()])
    assert families(hashes, lambda some: thumbnails[some]).tolist() == [0, 0, 2]
    plain = cleaned(bench.raw([png(grey((160, 160), reach=0.09))], ["a"]), smallest_head=0.0)
    assert plain.table("records.parquet")["perceptual_hash"].null_count == 1  # too small a head
