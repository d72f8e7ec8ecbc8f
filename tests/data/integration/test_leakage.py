"""What a split of single records would have leaked: near duplicates, or equal records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from millrace.data.integration.leakage import leakage
from millrace.data.integration.ledger import Ledger

ROWS = {"train": 60, "validation": 20, "test": 20}
LABELS = ["spam"] * 20 + ["ham"] * 80


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return a ledger of 100 records that are kept, of which 4 were given twice, one thrice."""
    numbers = list(range(100))
    records = {
        "row": numbers,
        "record_id": [f"made/{n}" for n in numbers],
        "label": LABELS,
        "high": [n + 7 for n in numbers],
        "low": [0] * 100,
    }
    copied = [3, 4, 30, 31, 31]
    copies = {"label": [LABELS[n] for n in copied], "duplicate_of": [f"made/{n}" for n in copied]}
    placed = {"row": numbers, "label": LABELS, "side": [n % 3 for n in numbers]}
    nothing = {"row": pa.array([], pa.int64())}
    tables = {"records": records, "copies": copies, "placed": placed, "refused": nothing}
    with Ledger(tmp_path) as made:
        for name, columns in tables.items():
            load(made, name, pa.table(columns))
        yield made


def load(ledger: Ledger, name: str, table: pa.Table) -> None:
    ledger.load(name, table.schema, lambda: [table])


def kin(ledger: Ledger, families: dict[int, int]) -> None:
    columns = {"row": list(families), "family": list(families.values())}
    load(ledger, "kin", pa.table(columns, pa.schema([("row", pa.int64()), ("family", pa.int64())])))


def test_near_duplicates_leak_as_often_as_one_of_the_family_is_in_training(ledger: Ledger) -> None:
    kin(ledger, {0: 0, 1: 0, 2: 0, 50: 50, 51: 50})
    found = leakage(ledger, ROWS, near=True)["expected_leakage"]
    assert found["of"] == "near duplicate"
    assert found["classes"] == {"ham": 2 * 0.6 / 80, "spam": 3 * 0.84 / 20}
    assert found["share"] == pytest.approx((2 * 0.6 + 3 * 0.84) / 100, abs=1e-6)


def test_a_family_counts_as_far_as_it_is_in_the_data_set(ledger: Ledger) -> None:
    kin(ledger, {0: 0, 1: 0, 400: 0, 50: 50, 500: 50})
    found = leakage(ledger, ROWS, near=True)["expected_leakage"]
    assert found["classes"] == {"ham": 0.0, "spam": 2 * 0.6 / 20}


def test_where_near_duplicates_are_not_looked_for_equal_records_count(ledger: Ledger) -> None:
    found = leakage(ledger, ROWS, near=False)["expected_leakage"]
    assert found["of"] == "equal record"
    assert found["classes"]["spam"] == pytest.approx(4 * 0.6 / 22, abs=1e-6)
    assert found["classes"]["ham"] == pytest.approx((2 * 0.6 + 3 * 0.84) / 83, abs=1e-6)


def test_equals_of_refused_records_do_not_count(ledger: Ledger) -> None:
    ledger.run("INSERT INTO refused VALUES (3), (4)")
    found = leakage(ledger, ROWS, near=False)["expected_leakage"]
    assert found["classes"]["spam"] == 0.0


def test_a_sentence_tells_the_shares_the_highest_first(ledger: Ledger) -> None:
    kin(ledger, {0: 0, 1: 0, 2: 0, 50: 50, 51: 50})
    assert leakage(ledger, ROWS, near=True)["leakage"] == (
        "Had records been split one by one, 3.7 % of the test records would be expected to have "
        "a near duplicate in training (spam 12.6 %, ham 1.5 %)"
    )


def test_nothing_found_is_said(ledger: Ledger) -> None:
    kin(ledger, {})
    assert leakage(ledger, ROWS, near=True)["leakage"].startswith("No near duplicates were found")


def test_many_classes_are_not_all_named(ledger: Ledger) -> None:
    ledger.run("UPDATE placed SET label = row % 10")
    kin(ledger, {n: n % 30 for n in range(60)})
    assert leakage(ledger, ROWS, near=True)["leakage"].endswith(" and 5 more classes)")
