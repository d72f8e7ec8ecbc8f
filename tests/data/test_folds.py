"""Folds of a data set: what cannot be shared out is refused, and each fold is a data set."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from millrace.data import fold, folds
from millrace.errors import DataError

SIDES = ("test", "validation", "train")


def united(
    bench: Any, labels: list[str], groups: list[str | None], shown: list[Any] | None = None
) -> Any:
    if shown is None:
        shown = list(np.random.default_rng(0).integers(0, 256, (len(labels), 4, 4, 1), np.uint8))
    cleaned = bench.clean(bench.raw(shown, labels, groups=groups))
    made = bench.transform(cleaned, size=[4, 4], channels=1)
    split = {"validation": 0.3, "test": 0.3, "seed": 1}
    return bench.integrate([made], [cleaned], sources={"made": None}, **split)


def patients(bench: Any, count: int = 60, each: int = 2) -> Any:
    labels = [str(n // each % 2) for n in range(count)]
    return united(bench, labels, [f"P{n // each}" for n in range(count)])


def share(bench: Any, dataset: Any, count: int, *, required: bool = True) -> Any:
    params = {"folds": count, "seed": 7, "required": required}
    return bench.run(folds, params, {"dataset": [dataset]})


def one(bench: Any, dataset: Any, shared: Any, number: int) -> Any:
    params = {"fold": number, "validation": 0.2, "seed": 7}
    return bench.run(fold, params, {"dataset": [dataset], "folds": [shared]})


def test_a_class_with_fewer_groups_than_folds_is_refused_by_name(bench: Any) -> None:
    with pytest.raises(DataError, match=r"fewer groups than there are folds.*0 15, 1 15"):
        share(bench, patients(bench), 20)


def test_too_few_groups_give_fewer_folds_where_nobody_asked_for_more(bench: Any) -> None:
    made = share(bench, patients(bench), 20, required=False)
    assert made.result.facts["folds"] == 15


def test_missing_labels_are_refused(bench: Any, tmp_path: Any) -> None:
    dataset = patients(bench)
    table = dataset.table("facts.parquet")
    place = table.schema.get_field_index("label")
    blank = pa.array([None, *table["label"].to_pylist()[1:]], pa.string())

    class Blanked:
        @staticmethod
        def run(context: Any) -> Any:
            import pyarrow.parquet as pq

            from millrace.workflow.stage import StageResult

            pq.write_table(
                table.set_column(place, "label", blank), context.output / "facts.parquet"
            )
            return StageResult(kind="dataset", rows=table.num_rows)

    with pytest.raises(DataError, match="1 of 60 without one"):
        share(bench, bench.run(Blanked, {}), 5)


def test_every_record_is_in_one_fold_with_its_group(bench: Any) -> None:
    dataset = patients(bench)
    shared = share(bench, dataset, 5).table("folds.parquet")
    assert set(shared["fold"].to_pylist()) == {1, 2, 3, 4, 5}
    names = [int(name[-9:]) // 2 for name in shared["record_id"].to_pylist()]
    pairs = set(zip(names, shared["fold"].to_pylist(), strict=True))
    assert len(pairs) == len(set(names)) == 30


def test_a_fold_is_a_data_set_whose_sides_share_no_group(bench: Any) -> None:
    dataset = patients(bench)
    shared = share(bench, dataset, 5)
    made = one(bench, dataset, shared, 2)
    tables = {side: made.table(f"{side}.parquet") for side in SIDES}
    ids = {side: set(table["record_id"].to_pylist()) for side, table in tables.items()}
    folded = shared.table("folds.parquet")
    expected = folded.filter(pc.equal(folded["fold"], 2))["record_id"].to_pylist()
    assert ids["test"] == set(expected)
    groups = {side: {int(name[-9:]) // 2 for name in ids[side]} for side in SIDES}
    assert not groups["train"] & (groups["validation"] | groups["test"])
    assert sum(map(len, ids.values())) == 60
    assert made.result.facts["rows"] == {side: len(ids[side]) for side in SIDES}
    assert all(set(table["split"].to_pylist()) == {side} for side, table in tables.items())


def test_a_fold_keeps_contents_with_their_records(bench: Any) -> None:
    dataset = patients(bench)
    made = one(bench, dataset, share(bench, dataset, 3), 1)

    def contents(of: Any) -> dict[str, Any]:
        tables = [of.table(f"{side}.parquet") for side in SIDES]
        whole = pa.concat_tables(t.select(["record_id", "image", "label"]) for t in tables)
        return {row["record_id"]: row for row in whole.to_pylist()}

    assert contents(made) == contents(dataset)


def test_folds_of_another_data_set_are_refused(bench: Any) -> None:
    dataset, other = patients(bench), patients(bench, 48)
    with pytest.raises(DataError, match="of another data set"):
        one(bench, dataset, share(bench, other, 3), 1)


def test_folds_are_the_same_when_they_are_made_again(bench: Any) -> None:
    tables = [share(bench, patients(bench), 5).table("folds.parquet") for _ in range(2)]
    assert tables[0].equals(tables[1])


def test_a_patient_of_two_classes_is_in_one_fold_and_counts_for_both(bench: Any) -> None:
    labels = [str(n % 2) for n in range(40)]
    dataset = united(bench, labels, [f"P{n // 4}" for n in range(40)])
    made = share(bench, dataset, 5)
    assert made.result.facts["groups"] == {"0": 10, "1": 10}
    shared = made.table("folds.parquet")
    patients_of = [int(name[-9:]) // 4 for name in shared["record_id"].to_pylist()]
    assert len({*zip(patients_of, shared["fold"].to_pylist(), strict=True)}) == 10


def test_patients_tied_by_near_duplicates_are_in_one_fold(bench: Any) -> None:
    """P0 and P1 share a near duplicate, so do P1 and P2: the three are one group."""
    rng = np.random.default_rng(0)
    shown = list(rng.integers(0, 256, (40, 32, 32, 1), np.uint8))
    for one, other in ((0, 2), (3, 4)):
        shown[other] = shown[one].copy()
        shown[other][0, 0] ^= 1
    groups: list[str | None] = [f"P{n // 2}" for n in range(40)]
    dataset = united(bench, [str(n // 6 % 2) for n in range(40)], groups, shown)
    table = dataset.table("facts.parquet").to_pylist()
    tied = {row["group"] for row in table if int(row["record_id"][-9:]) < 6}
    assert len(tied) == 1
    assert len({row["group"] for row in table}) == 18
    shared = share(bench, dataset, 5).table("folds.parquet").to_pylist()
    assert len({row["fold"] for row in shared if int(row["record_id"][-9:]) < 6}) == 1
