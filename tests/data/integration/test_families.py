"""Near duplicates and the split: one side a family, groups united, leakage and quarrels told."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from millrace.artifacts.tables import write_table
from millrace.data.pictures.schema import CLEAN
from millrace.workflow.stage import StageContext, StageResult

SIDES = ("train", "validation", "test")


def pictures(count: int, seed: int = 0) -> list[Any]:
    return list(np.random.default_rng(seed).integers(0, 256, (count, 4, 4, 1), np.uint8))


class Marking:
    """Gives clean records the fingerprints of their families, as cleaning would."""

    @staticmethod
    def run(context: StageContext) -> StageResult:
        cleaned = context.one("records")
        table = pq.read_table(cleaned.path("records.parquet"))
        prints = [fingerprint(context.params["kin"].get(n, n)) for n in ids(table)]
        columns = {"perceptual_hash": [h for h, _ in prints], "thumbnail": [t for _, t in prints]}
        for name, values in columns.items():
            column = pa.array(values, CLEAN.field(name).type)
            table = table.set_column(table.column_names.index(name), name, column)
        write_table(context.output / "records.parquet", CLEAN, [table])
        for name in ("quarantine.parquet", "duplicates.parquet"):
            shutil.copy(cleaned.path(name), context.output / name)
        return StageResult(kind="records", rows=len(prints))


def ids(table: pa.Table) -> list[str]:
    return list(table["record_id"].to_pylist())


def fingerprint(family: str) -> tuple[int, bytes]:
    rng = np.random.default_rng(list(family.encode()))
    return int(rng.integers(0, 2**63)), rng.integers(0, 256, 256, np.uint8).tobytes()


def united(
    bench: Any,
    raws: Sequence[Any],
    kin: Mapping[str, str],
    *,
    sources: Mapping[str, str | None] | None = None,
    order: int = 1,
    clean: Mapping[str, Any] | None = None,
    near: Mapping[str, str] | None = None,
    **split: Any,
) -> Any:
    """Integrate records of which those of equal name in `kin` are near duplicates."""
    cleaned = [bench.clean(raw, **(clean or {})) for raw in raws]
    marked = [bench.run(Marking, {"kin": kin}, {"records": [made]}) for made in cleaned]
    made = [bench.transform(one, size=[4, 4], channels=1) for one in marked]
    parts = {"records": made[::order], "cleaned": marked[::order]}
    return bench.integrate(**parts, sources=sources or {"made": None}, **(near or {}), **split)


def raw(bench: Any, count: int = 300, **values: Any) -> Any:
    labels = values.pop("labels", None) or ["0", "1"] * (count // 2)
    return bench.raw(pictures(count, values.pop("seed", 0)), labels, **values)


def sides(made: Any) -> dict[str, str]:
    table = pa.concat_tables([made.table(f"{side}.parquet") for side in SIDES])
    return dict(zip(ids(table), table["split"].to_pylist(), strict=True))


def pairs(count: int, name: str = "made") -> dict[str, str]:
    """Return families of records of one label that follow each other: 0 and 2, 1 and 3, 4 and 6."""
    return {f"{name}/{n:09d}": f"{name} {n // 4} {n % 2}" for n in range(count)}


@pytest.mark.parametrize("group", ["content", "record"])
def test_a_family_is_never_on_two_sides(bench: Any, group: str) -> None:
    kin = pairs(300)
    made = united(bench, [raw(bench)], kin, group=group)
    side = sides(made)
    by_family = {(kin[name], side[name]) for name in side}
    assert len(by_family) == 150
    assert {one for _, one in by_family} == set(SIDES)
    assert made.result.facts["near_duplicates"] == {
        "families": 150, "records": 300, "disagreeing": 0, "leakage": {"test": 0, "validation": 0},
    }  # fmt: skip


def test_fingerprints_change_nothing_unless_they_are_asked_for(bench: Any) -> None:
    near = {"near_duplicates": "keep"}
    plain, marked = (united(bench, [raw(bench)], kin, near=near) for kin in ({}, pairs(300)))
    assert plain.digest == marked.digest
    assert "near_duplicates" not in plain.result.facts


def test_records_without_a_fingerprint_are_alone(bench: Any) -> None:
    cleaned = bench.clean(raw(bench))
    made = bench.transform(cleaned, size=[4, 4], channels=1)
    found = bench.integrate([made], [cleaned], sources={"made": None})
    assert found.result.facts["near_duplicates"]["families"] == 0


def test_cuts_and_order_change_nothing(bench: Any) -> None:
    shown, labels = pictures(300), ["0", "1"] * 150
    digests = set()
    for cuts in ([0, 300], [0, 110, 300], [0, 30, 31, 200, 300]):
        raws = [bench.raw(shown[a:b], labels[a:b], start=a) for a, b in pairwise(cuts)]
        digests |= {united(bench, raws, pairs(300), order=step).digest for step in (1, -1)}
    assert len(digests) == 1


def test_families_and_given_groups_that_touch_are_one_group(bench: Any) -> None:
    groups = [f"patient {n // 2}" for n in range(300)]
    kin = {f"made/{n:09d}": f"kin {(n + 1) // 2 % 6}-{n // 60}" for n in range(1, 300, 2)}
    side = sides(united(bench, [raw(bench, groups=groups)], kin))
    of_patient = {(groups[int(name[-9:])], one) for name, one in side.items()}
    of_kin = {(kin[name], one) for name, one in side.items() if name in kin}
    assert len(of_patient) == 150
    assert len(of_kin) == len(set(kin.values()))


def test_a_family_takes_the_side_of_the_group_that_a_source_gave(bench: Any) -> None:
    groups = [f"patient {n}" if n < 150 else None for n in range(300)]
    alone = sides(united(bench, [raw(bench, groups=groups)], {}))
    kin = {f"made/{n + 150 * k:09d}": f"kin {n}" for n in range(150) for k in (0, 1)}
    both = sides(united(bench, [raw(bench, groups=groups)], kin))
    for n in range(150):
        assert both[f"made/{n + 150:09d}"] == both[f"made/{n:09d}"] == alone[f"made/{n:09d}"]


def test_a_family_keeps_its_side_as_other_records_come(bench: Any) -> None:
    few = sides(united(bench, [raw(bench)], pairs(300)))
    more = [raw(bench), raw(bench, name="more", seed=5)]
    sources = {"made": None, "more": None}
    many = united(bench, more, pairs(300) | pairs(300, "more"), sources=sources)
    assert few.items() <= sides(many).items()


def test_leakage_between_fixed_sides_is_counted(bench: Any) -> None:
    held = raw(bench, 40, name="held", seed=9)
    kin = {f"{name}/{n:09d}": f"kin {n}" for n in range(12) for name in ("made", "held")}
    sources = {"made": "train", "held": "test"}
    made = united(bench, [raw(bench), held], kin, sources=sources, validation=0.2)
    facts = made.result.facts["near_duplicates"]
    assert 4 < facts["leakage"]["test"] <= 12
    side = sides(made)
    leaking = sum(side[f"made/{n:09d}"] == "train" for n in range(12))
    assert facts["leakage"]["test"] == leaking
    assert made.result.facts["rows"]["test"] == 40


def test_free_records_follow_their_family_to_a_fixed_side(bench: Any) -> None:
    held = raw(bench, 40, name="held", seed=9)
    kin = {f"{name}/{n:09d}": f"kin {n}" for n in range(12) for name in ("made", "held")}
    made = united(bench, [raw(bench), held], kin, sources={"made": None, "held": "test"})
    side = sides(made)
    assert {side[f"made/{n:09d}"] for n in range(12)} == {"test"}
    assert made.result.facts["near_duplicates"]["leakage"] == {"test": 0, "validation": 0}


def test_families_whose_labels_differ_are_counted_and_kept(bench: Any) -> None:
    kin = {f"made/{n:09d}": f"kin {n // 2}" for n in range(20)}
    made = united(bench, [raw(bench)], kin)
    assert made.result.facts["near_duplicates"]["disagreeing"] == 10
    assert made.result.counts.accepted == 300


def test_families_whose_labels_differ_are_refused_with_their_equals_if_asked(bench: Any) -> None:
    kin = {f"{name}/{n:09d}": f"kin {n // 2}" for n in range(20) for name in ("made", "again")}
    near = {"near_conflicts": "refuse"}
    equal = pictures(4)
    again = bench.raw([*equal, equal[0]], ["0", "1", "0", "1", "0"], name="again")
    sources = {"made": None, "again": None}
    made = united(bench, [raw(bench), again], kin, near=near, sources=sources)
    rows = made.table("quarantine.parquet").to_pylist()
    expected = [f"again/{n:09d}" for n in range(5)] + [f"made/{n:09d}" for n in range(20)]
    assert [row["record_id"] for row in rows] == expected
    assert {row["reason"] for row in rows} == {"conflicting_near_label"}
    assert {row["detail"] for row in rows} == {"near duplicates carry the labels 0, 1"}
    assert made.table("duplicates.parquet").num_rows == 0
    assert made.result.counts.accepted == 280
