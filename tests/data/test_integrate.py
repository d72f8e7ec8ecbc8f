"""One data set of many parts: equals across them, sides, vocabulary, order, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from millrace.errors import DataError

SIDES = ("train", "validation", "test")


def pictures(count: int, seed: int = 0) -> list[np.ndarray[Any, Any]]:
    return list(np.random.default_rng(seed).integers(0, 256, (count, 4, 4, 1), np.uint8))


def parts(bench: Any, *raws: Any, **rules: Any) -> dict[str, Any]:
    cleaned = [bench.clean(raw, **rules) for raw in raws]
    made = [bench.transform(one, size=[4, 4], channels=1) for one in cleaned]
    return {"records": made, "cleaned": cleaned}


def two_classes(bench: Any, count: int = 200, **values: Any) -> Any:
    labels = [str(n % 2) for n in range(count)]
    return bench.raw(pictures(count, values.pop("seed", 0)), labels, **values)


def everything(made: Any) -> pa.Table:
    return pa.concat_tables([made.table(f"{side}.parquet") for side in SIDES])


def sides(made: Any) -> dict[str, str]:
    table = everything(made)
    return dict(zip(table["record_id"].to_pylist(), table["split"].to_pylist(), strict=True))


def cut_up(
    bench: Any,
    shown: Sequence[Any],
    labels: Sequence[str],
    cuts: Sequence[int],
    name: str = "made",
    **values: Any,
) -> dict[str, Any]:
    """Clean and transform records in parts that begin at `cuts`."""
    ends = [*cuts[1:], len(labels)]
    raws = [
        bench.raw(shown[a:b], labels[a:b], start=a, partition=n, name=name)
        for n, (a, b) in enumerate(zip(cuts, ends, strict=True))
    ]
    return parts(bench, *raws, **values)


def hostile(count: int = 300) -> tuple[list[Any], list[str]]:
    """Return pictures with many equals, labels that sometimes disagree, and blanks."""
    rng = np.random.default_rng(11)
    drawn = pictures(180)
    shown = [drawn[n] for n in rng.integers(0, 180, count)]
    labels = [str(p[0, 0, 0] % 2) for p in shown]
    for n in rng.integers(0, count, 12):
        labels[n] = "1" if labels[n] == "0" else "0"
    for n in rng.integers(0, count, 5):
        shown[n] = np.zeros((4, 4, 1), np.uint8)
    return shown, labels


@pytest.mark.parametrize("duplicates", ["exact", "keep"])
def test_cuts_and_order_do_not_change_the_data_set(bench: Any, duplicates: str) -> None:
    shown, labels = hostile()
    digests = set()
    for cuts in ([0], [0, 150], [0, 7, 60, 61, 200], list(range(0, 300, 20))):
        made = cut_up(bench, shown, labels, cuts, duplicates=duplicates)
        for step in (1, -1):
            order = {role: made[role][::step] for role in made}
            united = bench.integrate(**order, sources={"made": None}, duplicates=duplicates)
            digests.add(united.digest)
    assert len(digests) == 1
    counts = united.result.counts
    assert counts.received == 300
    assert set(united.result.facts["by_reason"]) == {"blank", "conflicting_label"}
    assert (counts.duplicates > 0) == (duplicates == "exact")


@pytest.mark.parametrize("group", ["content", "record"])
def test_cuts_do_not_matter_beside_a_fixed_source_either(bench: Any, group: str) -> None:
    shown, labels = hostile(600)
    digests = set()
    for cuts in ([0], [0, 30], list(range(0, 300, 50))):
        free = cut_up(bench, shown[:300], labels[:300], cuts)
        held = cut_up(bench, shown[300:], labels[300:], cuts, name="a_held")
        both = {role: [*free[role], *held[role]] for role in free}
        fixed = {"made": None, "a_held": "test"}
        made = bench.integrate(**both, sources=fixed, group=group, validation=0.4)
        digests.add(made.digest)
    assert len(digests) == 1
    assert made.result.counts.duplicates > 100


def test_every_record_is_somewhere_exactly_once(bench: Any) -> None:
    shown, labels = hostile()
    made = bench.integrate(**cut_up(bench, shown, labels, [0, 100]), sources={"made": None})
    tables = [everything(made), made.table("quarantine.parquet"), made.table("duplicates.parquet")]
    ids = [name for table in tables for name in table["record_id"].to_pylist()]
    assert sorted(ids) == [f"made/{n:09d}" for n in range(300)]
    kept = set(tables[0]["record_id"].to_pylist())
    assert set(tables[2]["duplicate_of"].to_pylist()) <= kept


def test_refused_records_can_be_traced_and_hold_their_pixels(bench: Any) -> None:
    shown, labels = hostile()
    made = bench.integrate(**cut_up(bench, shown, labels, [0, 50, 100]), sources={"made": None})
    rows = made.table("quarantine.parquet").to_pylist()
    for row in rows:
        assert row["origin"] == f"made.bin#{row['position']}"
        assert row["content"] == shown[row["position"]].tobytes()
        assert row["label"] == labels[row["position"]]
        assert row["reason"]
        assert row["detail"]
    assert [row["record_id"] for row in rows] == sorted(row["record_id"] for row in rows)


def test_pictures_follow_their_records_through_the_shuffle(bench: Any) -> None:
    shown = pictures(200)
    made = bench.integrate(**parts(bench, two_classes(bench)), sources={"made": None})
    table = everything(made)
    positions = table["position"].to_pylist()
    assert positions != sorted(positions)
    for row in table.to_pylist():
        assert row["image"] == shown[row["position"]].tobytes()
        assert row["label"] == str(row["position"] % 2)


def test_shares_are_about_what_was_asked_and_the_seed_changes_them(bench: Any) -> None:
    made = parts(bench, two_classes(bench, 4_000))
    one = bench.integrate(**made, sources={"made": None}, validation=0.1, test=0.2)
    rows = one.result.facts["rows"]
    assert abs(rows["test"] - 800) < 90
    assert abs(rows["validation"] - 400) < 70
    other = bench.integrate(**made, sources={"made": None}, validation=0.1, test=0.2, seed=8)
    assert sides(one) != sides(other)
    assert one.result.facts["class_counts"]["train"]["0"] > 0


def test_records_keep_their_side_as_data_grows(bench: Any) -> None:
    few = bench.integrate(**parts(bench, two_classes(bench, 200)), sources={"made": None})
    more = parts(bench, two_classes(bench, 200), two_classes(bench, 300, name="more", seed=5))
    many = bench.integrate(**more, sources={"made": None, "more": None})
    assert sides(few).items() <= sides(many).items()


@pytest.mark.parametrize("group", ["content", "record"])
def test_a_group_is_never_on_two_sides(bench: Any, group: str) -> None:
    groups = [f"patient {n // 7}" for n in range(350)]
    made = parts(bench, two_classes(bench, 350, groups=groups))
    united = bench.integrate(**made, sources={"made": None}, group=group)
    table = everything(united)
    pairs = set(zip(table["group"].to_pylist(), table["split"].to_pylist(), strict=True))
    assert len(pairs) == 50
    assert {side for _, side in pairs} == set(SIDES)


def test_equal_pictures_that_are_kept_stay_together(bench: Any) -> None:
    shown = pictures(150) * 2
    labels = [str(n % 2) for n in range(300)]
    made = cut_up(bench, shown, labels, [0, 150], duplicates="keep")
    united = bench.integrate(**made, sources={"made": None}, duplicates="keep")
    side = sides(united)
    assert all(side[f"made/{n:09d}"] == side[f"made/{n + 150:09d}"] for n in range(150))


def test_a_fixed_test_side_keeps_its_record(bench: Any) -> None:
    test = bench.raw(pictures(40), [str(n % 2) for n in range(40)], name="zz_test")
    made = parts(bench, two_classes(bench, 200), test)
    fixed: Mapping[str, str | None] = {"made": None, "zz_test": "test"}
    united = bench.integrate(**made, sources=fixed)
    assert united.result.facts["rows"]["test"] == 40
    assert united.result.counts.duplicates == 40
    duplicates = united.table("duplicates.parquet").to_pylist()
    assert {row["source"] for row in duplicates} == {"made"}
    assert duplicates[3]["duplicate_of"] == "zz_test/000000003"


def test_a_group_of_a_fixed_source_draws_its_other_records_along(bench: Any) -> None:
    groups = [f"patient {n // 10}" for n in range(200)]
    train = two_classes(bench, 200, groups=groups)
    test = two_classes(bench, 20, name="held", seed=9, groups=["patient 3"] * 20)
    united = bench.integrate(**parts(bench, train, test), sources={"made": None, "held": "test"})
    side = sides(united)
    assert {side[f"made/{n:09d}"] for n in range(30, 40)} == {"test"}


def test_validation_is_taken_from_training_when_all_sources_are_fixed(bench: Any) -> None:
    made = parts(bench, two_classes(bench, 300), two_classes(bench, 60, name="held", seed=9))
    united = bench.integrate(**made, sources={"made": "train", "held": "test"}, validation=0.2)
    rows = united.result.facts["rows"]
    assert rows["test"] == 60
    assert 30 < rows["validation"] < 90
    assert rows["train"] + rows["validation"] == 300


def test_a_fixed_training_source_stays_whole_beside_a_free_one(bench: Any) -> None:
    made = parts(bench, two_classes(bench, 300), two_classes(bench, 100, name="extra", seed=9))
    united = bench.integrate(**made, sources={"made": None, "extra": "train"})
    table = united.table("train.parquet")
    assert table["source"].to_pylist().count("extra") == 100


def test_conflicts_across_sources_are_refused_on_both_sides(bench: Any) -> None:
    wrong = bench.raw(pictures(3), ["1", "1", "1"], name="other")
    made = parts(bench, two_classes(bench), wrong)
    united = bench.integrate(**made, sources={"made": None, "other": None})
    rows = united.table("quarantine.parquet").to_pylist()
    assert [row["record_id"] for row in rows] == [
        "made/000000000", "made/000000002", "other/000000000", "other/000000002",
    ]  # fmt: skip
    assert {row["detail"] for row in rows} == {"equal contents carry the labels 0, 1"}
    assert united.result.counts.duplicates == 1


def test_numbers_are_in_natural_order_and_a_given_vocabulary_in_its_own(bench: Any) -> None:
    labels = [str(n % 12) for n in range(600)]
    made = parts(bench, bench.raw(pictures(600), labels))
    united = bench.integrate(**made, sources={"made": None})
    assert united.result.facts["labels"] == [str(n) for n in range(12)]
    given = [str(n) for n in reversed(range(12))]
    united = bench.integrate(**made, sources={"made": None}, labels=given)
    assert united.result.facts["labels"] == given


def test_a_single_class_is_refused(bench: Any) -> None:
    made = parts(bench, bench.raw(pictures(50), ["7"] * 50))
    with pytest.raises(DataError, match=r"single class.*received 7"):
        bench.integrate(**made, sources={"made": None})


def test_a_class_too_small_to_split_is_named_with_its_counts(bench: Any) -> None:
    labels = ["cat", "dog"] * 100 + ["gnu"]
    made = parts(bench, bench.raw(pictures(201), labels))
    with pytest.raises(DataError, match=r"1 of 3 classes are too small.*'gnu'.*0 test"):
        bench.integrate(**made, sources={"made": None}, seed=1)


def test_a_class_of_few_groups_is_named_with_their_number(bench: Any) -> None:
    groups = [f"patient {n}" if n % 2 else "patient 0" for n in range(100)]
    made = parts(bench, bench.raw(pictures(100), ["gnu", "cat"] * 50, groups=groups))
    with pytest.raises(DataError, match=r"received 'gnu': [^;]*, in 1 groups\. "):
        bench.integrate(**made, sources={"made": None})


def test_a_class_of_the_vocabulary_without_records_is_named(bench: Any) -> None:
    with pytest.raises(DataError, match="'9': 0 train, 0 validation, 0 test"):
        bench.integrate(
            **parts(bench, two_classes(bench)), sources={"made": None}, labels=["0", "1", "9"]
        )


def test_an_exceeded_budget_names_reason_share_limit_and_origin(bench: Any) -> None:
    shown = [*pictures(180), *[np.zeros((4, 4, 1), np.uint8)] * 20]
    made = parts(bench, bench.raw(shown, [str(n % 2) for n in range(200)]))
    bench.integrate(**made, sources={"made": None}, budget={"blank": 0.1, "default": 0.0})
    with pytest.raises(DataError) as caught:
        bench.integrate(**made, sources={"made": None}, budget={"default": 0.05})
    said = str(caught.value)
    for word in ("'blank'", "5.00%", "10.00%", "200", "made.bin (20)", "clean.budget"):
        assert word in said


def test_nothing_left_is_said_with_the_reasons(bench: Any) -> None:
    made = parts(bench, bench.raw([np.zeros((4, 4, 1), np.uint8)] * 9, ["a"] * 9))
    with pytest.raises(DataError, match=r"no record is left.*blank 9"):
        bench.integrate(**made, sources={"made": None})


def test_two_records_of_one_id_are_refused(bench: Any) -> None:
    made = parts(bench, two_classes(bench), two_classes(bench, seed=3))
    with pytest.raises(DataError, match=r"not unique.*made/000000000"):
        bench.integrate(**made, sources={"made": None})


def test_a_source_that_gave_no_record_is_named(bench: Any) -> None:
    with pytest.raises(DataError, match=r"gave no record.*late"):
        bench.integrate(**parts(bench, two_classes(bench)), sources={"made": None, "late": None})


def test_a_data_set_says_its_transform(bench: Any) -> None:
    made = parts(bench, two_classes(bench))
    united = bench.integrate(**made, sources={"made": None})
    assert united.result.facts["transform"] == made["records"][0].result.facts["transform"]


def test_parts_of_different_transforms_are_refused(bench: Any) -> None:
    cleaned = [bench.clean(two_classes(bench, name=name, seed=n)) for n, name in enumerate("ab")]
    made = [
        bench.transform(one, size=[4, 4], channels=1, invert=invert)
        for one, invert in zip(cleaned, (False, True), strict=True)
    ]
    with pytest.raises(DataError, match="transformed in different ways"):
        bench.integrate(made, cleaned, sources={"a": None, "b": None})


@pytest.mark.parametrize("group", ["content", "record"])
def test_a_group_that_two_fixed_sources_share_is_named_with_its_sides(
    bench: Any, group: str
) -> None:
    train = two_classes(bench, 200, groups=[f"patient {n // 10}" for n in range(200)])
    test = two_classes(bench, 40, name="held", seed=9, groups=["patient 3", "patient 90"] * 20)
    made, fixed = parts(bench, train, test), {"made": "train", "held": "test"}
    with pytest.raises(DataError, match=r"a group is.*1 on several: 'patient 3' in test and train"):
        bench.integrate(**made, sources=fixed, group=group)


def test_row_groups_of_few_bytes_change_no_record(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, labels = hostile()
    made = []
    for limit in (64 << 20, 50):  # bytes; three pictures of 16, with their digests only one
        monkeypatch.setattr("millrace.artifacts.tables.GROUP_BYTES", limit)
        monkeypatch.setattr("millrace.data.pictures.modality.GROUP_BYTES", limit)
        both = cut_up(bench, shown, labels, [0, 70])
        made.append(bench.integrate(**both, sources={"made": None}))
    names = [f"{side}.parquet" for side in SIDES] + ["quarantine.parquet", "duplicates.parquet"]
    for name in names:
        assert made[0].table(name).equals(made[1].table(name)), name
    groups = pq.ParquetFile(made[1].artifact.path("train.parquet")).num_row_groups
    assert groups == made[1].result.facts["rows"]["train"]


def test_transformed_records_in_another_order_than_the_cleaned_are_refused(bench: Any) -> None:
    made = parts(bench, two_classes(bench), two_classes(bench, name="more", seed=5))
    with pytest.raises(DataError, match=r"not the cleaned ones.*others from more/000000000"):
        bench.integrate(
            made["records"][::-1], made["cleaned"], sources={"made": None, "more": None}
        )


def test_ids_are_unique_among_refused_records_too(bench: Any) -> None:
    blank = bench.raw([np.zeros((4, 4, 1), np.uint8)], ["0"])
    made = parts(bench, two_classes(bench), blank)
    with pytest.raises(DataError, match=r"not unique.*made/000000000"):
        bench.integrate(**made, sources={"made": None})
