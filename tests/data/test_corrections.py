"""Corrected records: put in place where they belong, and nowhere else; every record accounted."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from millrace.artifacts.tables import write_table
from millrace.data import clean
from millrace.data.corrections import CORRECTIONS, FILE_NAME, content_digest, raw_label
from millrace.workflow.images import ImageCleaning
from millrace.workflow.stage import StageContext, StageResult


def picture(seed: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(0, 256, (4, 4, 1), np.uint8)


def png(seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture(seed)[..., 0]).save(buffer, "PNG")
    return buffer.getvalue()


def corrections(bench: Any, raw: Any, *changes: dict[str, Any]) -> Any:
    """Make corrections of records by row number."""
    known = raw.table().to_pylist()
    rows = []
    for change in changes:
        record = known[change.pop("row")]
        row = {
            "record_id": record["record_id"],
            "original": content_digest(record["content"], record["encoding"]),
            "label": None,
            "content": None,
            "encoding": None,
        }
        rows.append(row | change)

    class Making:
        @staticmethod
        def run(context: StageContext) -> StageResult:
            table = pa.Table.from_pylist(rows, schema=CORRECTIONS)
            write_table(context.output / FILE_NAME, CORRECTIONS, [table])
            return StageResult(kind="corrections", rows=len(rows))

    return bench.run(Making, {})


def cleaned(bench: Any, raw: Any, made: Any, label_map: dict[str, Any] | None = None) -> Any:
    params = {
        "modality": "image",
        "rules": ImageCleaning().model_dump(mode="json"),
        "label_map": label_map or {},
        "labels": [],
        "labelled": True,
    }
    return bench.run(clean, params, {"records": [raw], "corrections": [made]})


def test_a_corrected_label_is_judged_instead_of_the_old_one(bench: Any) -> None:
    raw = bench.raw([picture(n) for n in range(3)], ["a", None, "b"])
    made = cleaned(bench, raw, corrections(bench, raw, {"row": 1, "label": "b"}))
    assert made.table()["label"].to_pylist() == ["a", "b", "b"]
    assert made.result.counts.quarantined == 0


def test_a_repaired_file_is_decoded_instead_of_the_broken_one(bench: Any) -> None:
    raw = bench.raw([png(1), b"broken", png(3)], ["a", "b", "a"])
    change = {"row": 1, "content": png(2), "encoding": "file"}
    made = cleaned(bench, raw, corrections(bench, raw, change))
    assert made.result.counts.accepted == 3
    assert made.table()["content"][1].as_py() == picture(2).tobytes()
    assert made.table()["record_id"].to_pylist() == raw.table()["record_id"].to_pylist()


def test_a_file_may_replace_pixels(bench: Any) -> None:
    raw = bench.raw([picture(1), np.zeros((4, 4, 1), np.uint8)], ["a", "b"])
    change = {"row": 1, "content": png(2), "encoding": "file"}
    made = cleaned(bench, raw, corrections(bench, raw, change))
    assert made.result.counts.accepted == 2


def test_a_correction_that_is_wrong_itself_is_refused_and_counted(bench: Any) -> None:
    raw = bench.raw([png(1), b"broken"], ["a", "b"])
    change = {"row": 1, "content": b"worse", "encoding": "file"}
    made = cleaned(bench, raw, corrections(bench, raw, change))
    assert (made.result.counts.accepted, made.result.counts.quarantined) == (1, 1)


def test_a_record_that_changed_since_is_not_corrected(
    bench: Any, caplog: pytest.LogCaptureFixture
) -> None:
    raw = bench.raw([picture(1), picture(2)], ["a", "b"])
    made = corrections(bench, raw, {"row": 1, "label": "a"})
    other = bench.raw([picture(1), picture(3)], ["a", "b"])
    assert cleaned(bench, other, made).table()["label"].to_pylist() == ["a", "b"]
    assert "no longer hold" in caplog.text


def test_a_corrected_label_that_agrees_with_its_equal_becomes_a_duplicate(bench: Any) -> None:
    raw = bench.raw([picture(1), picture(1)], ["a", "b"])
    made = cleaned(bench, raw, corrections(bench, raw, {"row": 1, "label": "a"}))
    assert made.result.counts.to_document() == {
        "received": 2, "accepted": 1, "quarantined": 0, "duplicates": 1,
    }  # fmt: skip


def test_records_without_corrections_come_out_byte_for_byte(bench: Any) -> None:
    raw = bench.raw([picture(n) for n in range(3)], ["a", "b", "a"])
    far = bench.raw([picture(9)], ["a"], name="made", start=99)
    made = cleaned(bench, raw, corrections(bench, far, {"row": 0, "label": "b"}))
    assert made.digest == bench.clean(raw).digest


@pytest.mark.parametrize(
    ("word", "label_map", "raw"),
    [
        ("cat", {}, "cat"),
        ("cat", {"0": "cat"}, "cat"),
        ("cat", {"cat": "dog", "dog": "cat"}, "dog"),
        ("cat", {"cat": "dog"}, None),
        ("cat", {"cat": None}, None),
    ],
)
def test_a_word_of_the_workflow_finds_its_raw_label(word: str, label_map: Any, raw: Any) -> None:
    assert raw_label(word, label_map) == raw


def test_a_corrected_label_is_in_the_words_of_the_workflow(bench: Any) -> None:
    swap = {"cat": "dog", "dog": "cat"}
    raw = bench.raw([picture(1), picture(2)], ["cat", "dog"])
    made = cleaned(bench, raw, corrections(bench, raw, {"row": 0, "label": "cat"}), swap)
    assert made.table()["label"].to_pylist() == ["cat", "cat"]


def test_an_empty_table_stays_empty(bench: Any, tmp_path: Path) -> None:
    raw = bench.raw([picture(1)], ["a"])
    nothing = bench.raw([], [])
    made = cleaned(bench, nothing, corrections(bench, raw, {"row": 0, "label": "b"}))
    assert made.result.counts.received == 0
