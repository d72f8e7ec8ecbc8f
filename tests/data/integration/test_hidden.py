"""Where data may let a model be right for a reason that is not in the content."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from millrace.data.integration.hidden import hidden_leakage
from millrace.data.integration.ledger import Ledger


def pictures(count: int, seed: int = 0) -> list[np.ndarray[Any, Any]]:
    return list(np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 1), np.uint8))


def warnings(bench: Any, *raws: Any, **fixed: str | None) -> list[str]:
    cleaned = [bench.clean(raw) for raw in raws]
    made = [bench.transform(one, size=[8, 8], channels=1) for one in cleaned]
    united = bench.integrate(made, cleaned, sources=fixed or {"made": None})
    return list(united.result.facts["warnings"])


def both(count: int) -> list[str]:
    return [str(n % 2) for n in range(count)]


def test_ordinary_data_warns_of_nothing(bench: Any) -> None:
    assert warnings(bench, bench.raw(pictures(100), both(100))) == []


def test_a_class_of_few_patients_is_told(bench: Any) -> None:
    labels = ["ill"] * 40 + ["well"] * 60
    groups = [f"P{n % 4}" for n in range(40)] + [f"W{n}" for n in range(60)]
    cleaned = bench.clean(bench.raw(pictures(100), labels, groups=groups))
    made = bench.transform(cleaned, size=[8, 8], channels=1)
    united = bench.integrate(
        [made], [cleaned], sources={"made": None}, validation=0.3, test=0.3, seed=1
    )
    (found,) = united.result.facts["warnings"]
    assert "all 40 records of class ill come from 4 groups" in found


def test_a_source_with_a_class_of_its_own_is_told(bench: Any) -> None:
    one = bench.raw(pictures(60, 1), ["ill"] * 60, name="clinic")
    other = bench.raw(pictures(60, 2), ["well"] * 60, name="survey")
    (found,) = warnings(bench, one, other, clinic=None, survey=None)
    assert "2 classes come from one source only" in found
    assert "ill (clinic)" in found


def test_sources_that_share_their_classes_are_no_warning(bench: Any) -> None:
    one = bench.raw(pictures(60, 1), both(60), name="clinic")
    other = bench.raw(pictures(60, 2), both(60), name="survey")
    assert warnings(bench, one, other, clinic=None, survey=None) == []


def told(folder: Path, labels: Sequence[str], **columns: Sequence[Any]) -> list[str]:
    """Return the warnings of records of one source, where each has folder and header."""
    rows = range(len(labels))
    folders = columns.get("folders") or [""] * len(labels)
    headers = columns.get("headers") or [[]] * len(labels)
    kept = pa.table(
        {
            "row": pa.array(rows, pa.int64()),
            "record_id": [f"s/{n}" for n in rows],
            "label": labels,
            "source": ["s"] * len(labels),
            "origin": [f"{one}{n}.png" for n, one in zip(rows, folders, strict=True)],
            "group": pa.array([None] * len(labels), pa.uint64()),
        }
    )
    header = pa.array(list(headers), pa.list_(pa.string()))
    facts = pa.table({"record_id": kept["record_id"], "header": header})
    with Ledger(folder) as ledger:
        for name, table in {"kept": kept, "records": kept, "facts": facts, "placed": kept}.items():
            ledger.load(name, table.schema, lambda table=table: [table])  # type: ignore[misc]
        return hidden_leakage(ledger, {})


@pytest.mark.parametrize("other", ["Manufacturer=BETA", "ManufacturerModelName=Two"])
def test_a_class_of_one_scanner_is_told(tmp_path: Path, other: str) -> None:
    ill, well = ["KVP=120", "Manufacturer=ACME"], ["Manufacturer=ACME", other]
    (found,) = told(tmp_path, both(20), headers=[ill, well] * 10)
    assert "2 classes come from one scanner only" in found
    assert "(Manufacturer=ACME)" in found


def test_a_scanner_of_both_classes_is_no_warning(tmp_path: Path) -> None:
    one, other = ["Manufacturer=ACME"], ["Manufacturer=BETA"]
    assert told(tmp_path, both(20), headers=[one] * 10 + [other] * 10) == []
    assert told(tmp_path, both(20), headers=[["KVP=120"], ["KVP=80"]] * 10) == []


def test_a_class_of_one_folder_is_told_but_where_folders_are_the_classes(tmp_path: Path) -> None:
    labels = ["ill"] * 10 + ["well"] * 20
    (found,) = told(tmp_path, labels, folders=["a/"] * 10 + ["b/"] * 10 + ["c/"] * 10)
    assert "1 class comes from one folder only" in found
    assert "ill (s: a)" in found
    assert told(tmp_path, labels, folders=["ill/"] * 10 + ["well/"] * 20) == []
    assert told(tmp_path, both(30), folders=["a/"] * 15 + ["b/"] * 15) == []


def test_near_duplicates_across_fixed_sides_are_told(bench: Any) -> None:
    rng = np.random.default_rng(3)
    smooth = [
        np.asarray(Image.fromarray(p[..., 0]).resize((64, 64)))[..., None]
        for p in rng.integers(0, 256, (80, 8, 8, 1), np.uint8)
    ]
    near = [np.clip(p.astype(int) + 1, 0, 255).astype(np.uint8) for p in smooth[:10]]
    train = bench.raw(smooth, both(80), name="train")
    test = bench.raw(near, both(10), name="held")
    found = warnings(bench, train, test, train="train", held="test")
    assert any("test records have near duplicates in training" in one for one in found)


def test_facts_of_pictures_reach_the_data_set(bench: Any) -> None:
    def png(array: Any) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(array[..., 0]).convert("RGBA").save(buffer, "PNG", dpi=(96, 96))
        return buffer.getvalue()

    files = [png(picture) for picture in pictures(60)]
    cleaned = bench.clean(bench.raw(files, both(60)))
    made = bench.transform(cleaned, size=[8, 8], channels=1)
    united = bench.integrate([made], [cleaned], sources={"made": None})
    table = united.table("facts.parquet")
    row = table.to_pylist()[0]
    number = int(row["record_id"][-9:])
    assert row["file_bytes"] == len(files[number])
    assert (row["width"], row["height"], row["channels"]) == (8, 8, 4)
    assert row["format"] == "PNG RGBA"
    assert any(field.startswith("dpi=") for field in row["header"])
    frame = pictures(60)[number][..., 0].astype(float)
    inner = frame[1:-1, 1:-1]
    border = (frame.sum() - inner.sum()) / (frame.size - inner.size)
    assert abs(row["border_grey"] - border) < 0.01
    order = [
        united.table(f"{side}.parquet")["record_id"].to_pylist()
        for side in ("test", "validation", "train")
    ]
    assert table["record_id"].to_pylist() == [name for side in order for name in side]
