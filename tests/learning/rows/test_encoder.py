"""Records as features: places of categories, unknown ones, other columns than in training."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from millrace.errors import DataError
from millrace.learning.rows.categories import Places
from millrace.learning.rows.encoder import RowEncoder, row_encoder
from millrace.learning.rows.numbers import Scaling

COLUMNS = {
    "age": {"kind": "numeric"},
    "colour": {"kind": "category"},
    "town": {"kind": "category"},
    "way": {"kind": "category"},
}
SCALING = Scaling.of(
    [{"name": "age", "fill": 40, "low": 0, "high": None, "offset": 40, "scale": 0.1}]
)
PLACES = [Places("colour", ("red", "blue")), Places("town", ("Ulm",), fill="Ulm")]


@pytest.fixture
def encoder() -> RowEncoder:
    return RowEncoder(SCALING, [*PLACES, Places("way", hashed=4)])


def test_features_are_scaled_numbers_then_places(encoder: RowEncoder, rows: Any) -> None:
    table = rows([[50.0], [-20.0]], [["red", "Ulm", "x"], ["blue", None, None]], COLUMNS)
    made = encoder(table)
    assert made.dtype == np.float32
    assert made[:, :3].tolist() == [[1.0, 1.0, 4.0], [-4.0, 2.0, 4.0]]
    assert 5 < made[0, 3] <= 9
    assert made[1, 3] == 5


def test_unseen_and_missing_categories_share_the_first_place(
    encoder: RowEncoder, rows: Any
) -> None:
    table = rows([[0.0]] * 2, [["pink", "Bonn", "x"], [None, "Ulm", "x"]], COLUMNS)
    assert encoder(table)[:, 1].tolist() == [0.0, 0.0]
    assert encoder(table)[0, 2] == 3.0


def test_hashed_categories_have_their_place_for_ever() -> None:
    places = Places("way", hashed=1_000)
    found = places(pa.array(["north", "süd", "north", None]))
    assert found.tolist() == [515, 571, 515, 0]


def test_a_document_gives_the_same_encoder(encoder: RowEncoder, rows: Any) -> None:
    table = rows([[7.0]], [["red", None, "süd"]], COLUMNS)
    document = json.loads(json.dumps(encoder.to_document()))
    np.testing.assert_array_equal(row_encoder(document)(table), encoder(table))


def test_no_records_have_no_features(encoder: RowEncoder, rows: Any) -> None:
    assert encoder(rows([[1.0]], [["a", "b", "c"]], COLUMNS).slice(0, 0)).shape == (0, 4)


def test_parts_of_a_table_give_their_own_features(encoder: RowEncoder, rows: Any) -> None:
    table = rows([[n] for n in np.arange(9.0)], [["red", "Ulm", str(n)] for n in range(9)], COLUMNS)
    joined = pa.concat_tables([table.slice(3, 2), table.slice(7)])
    np.testing.assert_array_equal(encoder(joined), encoder(table)[[3, 4, 7, 8]])


@pytest.mark.parametrize("name", ["age", "town"])
def test_records_of_other_columns_are_refused(encoder: RowEncoder, rows: Any, name: str) -> None:
    columns = {key if key != name else "other": column for key, column in COLUMNS.items()}
    table = rows([[1.0]], [["a", "b", "c"]], columns)
    with pytest.raises(DataError, match="do not fit"):
        encoder.check(table.schema)


def test_records_of_another_kind_are_refused(encoder: RowEncoder) -> None:
    with pytest.raises(DataError, match="not a table of canonical records"):
        encoder.check(pa.schema([("text", pa.string())]))
