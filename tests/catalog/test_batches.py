from __future__ import annotations

import pytest

from millrace.catalog.catalog import Catalog
from millrace.errors import SpecError


@pytest.fixture
def record(catalog: Catalog, refer):
    for word in "ab":
        catalog.models.register("digits", refer(word, "bundle"), None, {})

    def record_one(word="p", version=1, run=None, source="digest-source", rows=3):
        predictions = refer(word, "predictions")
        return catalog.batches.record(
            "digits", run, predictions.key, source, version, rows, "predictions", predictions
        )

    return record_one


def test_a_batch_is_recorded_once_however_often_it_is_tried(catalog, record, start) -> None:
    first = record(run=start("r1").id)
    assert record(run=start("r2").id) == first
    assert catalog.batches.latest() == [first]


def test_another_version_or_key_is_another_batch(catalog: Catalog, record) -> None:
    made = [record(), record(version=2), record("q")]
    assert catalog.batches.latest("digits") == made[::-1]
    assert catalog.batches.latest(limit=1) == made[2:]
    assert catalog.batches.latest("mnist") == []


def test_a_batch_of_an_unknown_version_is_refused(catalog: Catalog, record) -> None:
    with pytest.raises(SpecError, match="refused a record"):
        record(version=9)
    assert catalog.batches.latest() == []


def test_batches_are_found_from_run_model_and_artifact(catalog, record, start) -> None:
    run = start().id
    first, second = record(run=run), record("q", version=2, source="digest-other")
    assert catalog.batches.of_run(run) == [first]
    assert catalog.batches.of_version("digits", 2) == [second]
    assert catalog.batches.containing("digest-source") == [first]
    assert catalog.batches.containing("digest-q") == [second]


def test_more_rows_than_32_bits_count_are_recorded(record) -> None:
    assert record(rows=2**40).rows == 2**40
