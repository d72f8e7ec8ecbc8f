"""The data contract: what is refused, with which reason, and that nothing is lost."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from millrace.data.pictures.schema import CLEAN
from millrace.data.schemas import DUPLICATES, QUARANTINE
from millrace.errors import SpecError


def picture(seed: int, shape: tuple[int, ...] = (4, 4, 1)) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def refused(made: Any) -> list[tuple[str, str, str]]:
    rows = made.table("quarantine.parquet").to_pylist()
    return [(row["origin"], row["reason"], row["detail"]) for row in rows]


def test_good_records_pass_unchanged(bench: Any) -> None:
    raw = bench.raw([picture(n) for n in range(3)], ["a", "b", "a"])
    made = bench.clean(raw)
    table = made.table()
    assert table.schema.equals(CLEAN)
    assert table["content"].to_pylist() == raw.table()["content"].to_pylist()
    assert made.result.counts.accepted == 3
    assert made.table("quarantine.parquet").schema.equals(QUARANTINE)
    assert made.table("duplicates.parquet").schema.equals(DUPLICATES)


def test_equal_pixels_have_equal_digests_wherever_they_are(bench: Any) -> None:
    one = bench.clean(bench.raw([picture(1)], ["a"])).table()["content_digest"]
    two = bench.clean(bench.raw([picture(2), picture(1)], ["a", "a"], name="x")).table()
    assert two["content_digest"][1] == one[0]


def test_equal_bytes_of_another_shape_are_another_picture(bench: Any) -> None:
    flat = picture(1).reshape(2, 8, 1)
    made = bench.clean(bench.raw([picture(1), flat], ["a", "b"]))
    assert made.result.counts.accepted == 2


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (None, "no content"),
        (b"", "0 bytes instead of 16"),
        (bytes(15), "15 bytes instead of 16"),
        (bytes(17), "17 bytes instead of 16"),
    ],
)
def test_pixels_of_a_wrong_length_are_undecodable(bench: Any, content: Any, detail: str) -> None:
    encoding = "pixels;height=4;width=4;channels=1;maximum=255"
    made = bench.clean(bench.raw([picture(1), content], ["a", "a"], encoding=encoding))
    assert refused(made) == [("made.bin#1", "undecodable", detail)]
    assert made.table("quarantine.parquet")["content"].to_pylist() == [content]


def test_a_pixel_above_the_maximum_is_undecodable(bench: Any) -> None:
    bright = np.full((2, 2, 1), 17, np.uint8)
    made = bench.clean(bench.raw([bright], ["a"], maximum=16))
    assert refused(made) == [
        ("made.bin#0", "undecodable", "a pixel is above the maximum of 16"),
    ]


@pytest.mark.parametrize(
    "encoding", ["", "pixels", "FILE", "pixels;height=0;width=4;channels=1;maximum=255"]
)
def test_an_encoding_that_does_not_exist_is_the_readers_fault(bench: Any, encoding: str) -> None:
    with pytest.raises(SpecError, match="encoding that does not exist"):
        bench.clean(bench.raw([b"1234"], ["a"], encoding=encoding))


def test_a_wrong_shape_is_refused_only_when_one_is_wanted(bench: Any) -> None:
    raw = bench.raw([picture(1), picture(2, (4, 5, 1))], ["a", "a"])
    assert refused(bench.clean(raw)) == []
    assert refused(bench.clean(raw, shape=[4, 4])) == [
        ("made.bin#1", "wrong_shape", "4 x 5 pixels"),
    ]


@pytest.mark.parametrize("channels", [1, 3])
def test_blank_pictures_are_refused_unless_kept(bench: Any, channels: int) -> None:
    blank = np.full((4, 4, channels), 7, np.uint8)
    blank[..., 0] = 9
    nearly = blank.copy()
    nearly[2, 1, 0] = 8
    raw = bench.raw([blank, nearly], ["a", "a"])
    assert refused(bench.clean(raw)) == [("made.bin#0", "blank", "all pixels are equal")]
    assert refused(bench.clean(raw, blank_images="keep")) == []


def test_missing_and_unknown_labels_are_refused(bench: Any) -> None:
    raw = bench.raw([picture(n) for n in range(5)], ["a", None, " ", "b", "zebra"])
    made = bench.clean(raw, labels=["a", "c"], label_map={"b": None})
    assert refused(made) == [
        ("made.bin#1", "missing_label", "the source gives no label"),
        ("made.bin#2", "missing_label", "the source gives no label"),
        ("made.bin#3", "missing_label", "label_map maps 'b' to null"),
        ("made.bin#4", "unknown_label", "label 'zebra'"),
    ]
    labels = made.table("quarantine.parquet")["label"].to_pylist()
    assert labels == [None, " ", "b", "zebra"]
    assert made.result.facts["by_reason"] == {"missing_label": 3, "unknown_label": 1}


def test_what_nobody_sees_around_a_label_is_no_part_of_it(bench: Any) -> None:
    labels = ["a", "\ufeffa", " a\u200b\t", "\u202ea\u202c", "\u200b\ufeff", "a\u200bb"]
    made = bench.clean(bench.raw([picture(n) for n in range(6)], labels))
    assert made.table()["label"].to_pylist() == ["a"] * 4 + ["a\u200bb"]
    assert refused(made) == [("made.bin#4", "missing_label", "the source gives no label")]


def test_labels_are_mapped(bench: Any) -> None:
    raw = bench.raw([picture(n) for n in range(3)], ["0", " 1 ", "2"])
    made = bench.clean(raw, label_map={"0": "no", "1": "yes"})
    assert made.table()["label"].to_pylist() == ["no", "yes", "2"]


def test_the_first_of_equal_pictures_is_kept(bench: Any) -> None:
    pictures = [picture(1), picture(2), picture(1), picture(1)]
    made = bench.clean(bench.raw(pictures, list("abaa")))
    assert made.table()["record_id"].to_pylist() == ["made/000000000", "made/000000001"]
    rows = made.table("duplicates.parquet").to_pylist()
    assert [(r["position"], r["duplicate_of"]) for r in rows] == [
        (2, "made/000000000"),
        (3, "made/000000000"),
    ]


def test_equal_pictures_of_different_labels_are_all_refused(bench: Any) -> None:
    pictures = [picture(1), picture(2), picture(1), picture(1)]
    for duplicates in ("exact", "keep"):
        made = bench.clean(bench.raw(pictures, list("abca")), duplicates=duplicates)
        detail = "equal contents carry the labels a, c"
        assert refused(made) == [(f"made.bin#{n}", "conflicting_label", detail) for n in (0, 2, 3)]
        assert made.table("duplicates.parquet").num_rows == 0


def test_duplicates_are_kept_when_asked(bench: Any) -> None:
    made = bench.clean(bench.raw([picture(1)] * 3, list("aaa")), duplicates="keep")
    assert made.result.counts.accepted == 3


def test_records_to_predict_keep_missing_labels_duplicates_and_conflicts(bench: Any) -> None:
    blank = np.zeros((4, 4, 1), np.uint8)
    pictures = [picture(1), picture(1), picture(1), picture(2), blank]
    raw = bench.raw(pictures, ["a", "b", None, "zebra", "a"])
    made = bench.clean(raw, labels=["a", "b"], labelled=False)
    assert made.table()["label"].to_pylist() == ["a", "b", None, "zebra"]
    assert made.result.facts["by_reason"] == {"blank": 1}


def test_everything_refused_is_an_empty_table_not_an_error(bench: Any) -> None:
    made = bench.clean(bench.raw([np.zeros((4, 4, 1), np.uint8)] * 3, list("abc")))
    assert made.table().schema.equals(CLEAN)
    assert made.table().num_rows == 0
    assert made.result.facts["by_reason"] == {"blank": 3}


def test_many_records_reconcile_over_row_groups(bench: Any) -> None:
    rng = np.random.default_rng(3)
    pictures = list(rng.integers(0, 2, (20_000, 3, 4, 1)).astype(np.uint8))
    made = bench.clean(bench.raw(pictures, [str(n % 2) for n in range(20_000)]))
    counts = made.result.counts
    assert counts.received == 20_000
    assert counts.reconciles
    assert counts.quarantined > 5_000


@pytest.fixture
def own_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("own_rules")
    module.dark = lambda images, labels: images.mean(axis=(1, 2, 3)) < 50
    module.says = lambda images, labels: [f"not {x}" if x == "b" else None for x in labels]
    module.short = lambda images, labels: [True]
    module.raises = lambda images, labels: 1 / 0
    monkeypatch.setitem(sys.modules, "own_rules", module)


@pytest.mark.usefixtures("own_rules")
def test_a_users_rules_refuse_with_their_name(bench: Any) -> None:
    dark = picture(1) // 8
    raw = bench.raw([dark, picture(2), picture(3, (5, 5, 1))], list("aab"))
    made = bench.clean(raw, rules=["own_rules:dark", "own_rules:says"])
    assert refused(made) == [
        ("made.bin#0", "rule:dark", "refused by dark"),
        ("made.bin#2", "rule:says", "not b"),
    ]


@pytest.mark.usefixtures("own_rules")
@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("own_rules:raises", "ZeroDivisionError"),
        ("own_rules:short", "one value a record"),
        ("own_rules:none", "cannot be imported"),
    ],
)
def test_a_rule_that_fails_is_named(bench: Any, rule: str, said: str) -> None:
    with pytest.raises(SpecError, match=f"{rule}.*{said}"):
        bench.clean(bench.raw([picture(1), picture(2)], ["a", "b"]), rules=[rule])
