"""Texts through the stages: transformed, and split so that families stay together."""

from __future__ import annotations

import random
import sys
from types import ModuleType
from typing import Any

import pytest

from millrace.data.schemas import canonical
from millrace.errors import SpecError

PROMOTION = "You have won prize no {}! To claim it, call us any time before next Friday."


def others(count: int) -> list[str]:
    """Return texts that have nothing in common."""
    draw = random.Random(count)
    return ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz ", k=60)) for _ in range(count)]


def mixed(texts: Any, *family: tuple[str, str]) -> Any:
    """Clean 60 texts of two labels, and a family of texts and labels."""
    rows = [(text, ("ham", "spam")[n % 2]) for n, text in enumerate(others(60))]
    made, labels = zip(*rows, *family, strict=True)
    return texts.clean(texts.raw(made, labels=labels))


def sides(made: Any) -> set[str]:
    """Return on which sides the promotions are."""
    tables = [made.table(f"{side}.parquet") for side in ("train", "validation", "test")]
    rows = [row for table in tables for row in table.to_pylist()]
    assert {row["split"] for row in rows} == {"train", "validation", "test"}
    return {row["split"] for row in rows if "won prize" in row["text"]}


FAMILY = [(PROMOTION.format(n), "spam") for n in range(30)]


def test_transformed_records_hold_one_text_each(texts: Any) -> None:
    made = texts.transform(texts.clean(texts.raw(["Call  08001234567 NOW"])))
    table = made.table()
    assert table["text"].to_pylist() == ["call PHONE now"]
    assert table.schema.equals(canonical(table.schema.field("text")))
    assert not table.schema.field("text").nullable
    assert made.result.facts["records"] == {"modality": "text"}


def test_families_stay_on_one_side(texts: Any) -> None:
    made = texts.integrate(mixed(texts, *FAMILY))
    assert len(sides(made)) == 1
    facts = made.result.facts["near_duplicates"]
    assert (facts["families"], facts["records"]) == (1, 30)
    assert made.result.facts["expected_leakage"]["of"] == "near duplicate"


def test_families_are_split_where_nobody_asks_for_them(texts: Any) -> None:
    made = texts.integrate(mixed(texts, *FAMILY), near_duplicates="keep")
    assert len(sides(made)) > 1


def test_near_duplicates_of_different_labels_are_refused_where_asked_for(texts: Any) -> None:
    pair = [(PROMOTION.format(1), "spam"), (PROMOTION.format(2), "ham")]
    made = texts.integrate(mixed(texts, *pair), near_conflicts="refuse")
    rows = made.table("quarantine.parquet").to_pylist()
    assert [row["reason"] for row in rows] == ["conflicting_near_label"] * 2


def test_a_users_function_comes_last(texts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("own_transform")
    module.first = lambda texts: [t.split()[0] for t in texts]  # type: ignore[attr-defined]
    module.less = lambda texts: texts[1:]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "own_transform", module)
    cleaned = texts.clean(texts.raw(["One TWO", "Three four"]))
    made = texts.transform(cleaned, custom="own_transform:first")
    assert made.table()["text"].to_pylist() == ["one", "three"]
    with pytest.raises(SpecError, match="one text for each"):
        texts.transform(cleaned, custom="own_transform:less")
