"""Tests of delivering numbers, to new tables and to those from before there were any."""

import json

import pyarrow as pa
import pytest

from millrace.artifacts.tables import write_table
from millrace.data.delivery import Delivered, deliver
from millrace.errors import SpecError
from millrace.learning.predictions import values_schema

RUN = {
    "workflow": "doses",
    "run_id": "manual__1",
    "model_version": 1,
    "model_digest": "d" * 64,
    "batch_key": "b" * 64,
}
OLD = """CREATE TABLE predictions (workflow TEXT NOT NULL, model_version INTEGER NOT NULL,
    record_id TEXT NOT NULL, content TEXT NOT NULL, source TEXT NOT NULL,
    model_digest TEXT NOT NULL, label TEXT, predicted TEXT NOT NULL, probability FLOAT NOT NULL,
    probabilities TEXT NOT NULL, run_id TEXT NOT NULL, batch_key TEXT NOT NULL,
    predicted_at TIMESTAMP NOT NULL,
    PRIMARY KEY (workflow, model_version, record_id, content))"""
ROW = """INSERT INTO predictions VALUES ('pets', 1, 's/1', '00', 's', 'd', 'cat', 'dog', 0.9,
    '{}', 'r', 'b', '2026-01-01 00:00:00')"""


@pytest.fixture
def numbers(tmp_path):
    """Write a file of predicted numbers."""

    def write(*values):
        rows = {
            "record_id": [f"s/{row}" for row in range(len(values))],
            "source": ["s"] * len(values),
            "label": [None] * len(values),
            "content_digest": pa.array([bytes(16)] * len(values), pa.binary(16)),
            "predicted": [str(value) for value in values],
            "value": list(values),
        }
        path = tmp_path / "predictions.parquet"
        write_table(path, values_schema("ml"), [pa.table(rows).cast(values_schema("ml"))])
        return path

    return write


def test_numbers_have_a_value_and_no_probability(url, numbers, query):
    assert deliver(numbers(0.1, 1e300), url, "predictions", **RUN) == Delivered(2, 2)
    names = "predicted, value, probability, probabilities"
    assert query(url, f"SELECT {names} FROM predictions ORDER BY record_id") == [
        ("0.1", 0.1, None, None),
        ("1e+300", 1e300, None, None),
    ]


def test_numbers_and_classes_share_a_table(url, numbers, file, query):
    deliver(numbers(2.5), url, "predictions", **RUN)
    deliver(file(1), url, "predictions", **{**RUN, "workflow": "pets"})
    rows = query(url, "SELECT value, probabilities FROM predictions ORDER BY workflow")
    assert rows[0] == (2.5, None)
    assert (rows[1][0], json.loads(rows[1][1])) == (None, {"cat": 0.1, "dog": 0.9})


def test_classes_go_to_an_old_table_as_it_is(url, file, query):
    query(url, OLD)
    assert deliver(file(2), url, "predictions", **RUN) == Delivered(2, 2)
    with pytest.raises(Exception, match="value"):
        query(url, "SELECT value FROM predictions")


def test_an_old_table_takes_numbers_and_keeps_its_rows(url, numbers, query):
    query(url, OLD)
    query(url, ROW)
    assert deliver(numbers(2.5), url, "predictions", **RUN) == Delivered(1, 1)
    rows = query(url, "SELECT workflow, predicted, probability, value FROM predictions ORDER BY 1")
    assert rows == [("doses", "2.5", None, 2.5), ("pets", "dog", 0.9, None)]
    assert deliver(numbers(2.5), url, "predictions", **RUN) == Delivered(1, 0)


def test_an_old_table_keeps_the_indexes_and_views_of_people(url, numbers, query):
    query(url, OLD)
    query(url, ROW)
    query(url, "CREATE INDEX mine ON predictions (predicted)")
    query(url, "CREATE VIEW dogs AS SELECT record_id FROM predictions WHERE predicted = 'dog'")
    deliver(numbers(2.5), url, "predictions", **RUN)
    assert query(url, "SELECT * FROM dogs") == [("s/1",)]
    query(url, "DROP INDEX mine")


def test_a_foreign_table_is_refused_for_numbers_too(url, numbers, query):
    query(url, "CREATE TABLE predictions (value FLOAT)")
    with pytest.raises(SpecError, match="not a table of predictions"):
        deliver(numbers(1.0), url, "predictions", **RUN)
