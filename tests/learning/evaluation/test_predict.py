"""Tests of the stage `predict`: every record once, in bounded memory."""

import json
import weakref

import numpy as np
import pyarrow.parquet as pq
import pytest

from millrace.errors import DataError
from millrace.learning import predict
from millrace.learning.pictures import encoder

FILE = {"file": "records.parquet"}


def classes(table):
    return json.loads(table.schema.field("probabilities").metadata[b"millrace.labels"])


def read(folder):
    return pq.read_table(folder / "predictions.parquet")


def test_every_record_is_answered_in_order(workshop, make_records):
    data = workshop.dataset(records=make_records([2, 0, 1]))
    result, folder = workshop.run(predict, FILE, records=data, bundle=workshop.bundle())
    table = read(folder)
    assert table["record_id"].to_pylist() == ["s/000000", "s/000001", "s/000002"]
    assert table["content_digest"].to_pylist() == [i.to_bytes(16) for i in range(3)]
    assert table["predicted"].to_pylist() == ["dog", "bird", "cat"]
    assert result.rows == 3
    assert result.counts.reconciles
    assert result.facts["predicted"] == {"bird": 1, "cat": 1, "dog": 1}


def test_probabilities_name_their_classes_and_sum_to_one(workshop, make_records):
    data = workshop.dataset(records=make_records([2, 0]))
    _, folder = workshop.run(predict, FILE, records=data, bundle=workshop.bundle())
    table = read(folder)
    assert classes(table) == ["bird", "cat", "dog"]
    values = np.array(table["probabilities"].to_pylist())
    np.testing.assert_allclose(values.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(table["probability"].to_numpy(), np.float32(values.max(axis=1)))


def test_labels_need_not_be_known(workshop, make_records):
    data = workshop.dataset(records=make_records([0, 1], labels=[None, "zebra"]))
    _, folder = workshop.run(predict, FILE, records=data, bundle=workshop.bundle())
    assert read(folder)["label"].to_pylist() == [None, "zebra"]


def test_an_empty_table_gives_empty_predictions(workshop, make_records):
    data = workshop.dataset(records=make_records([]))
    result, folder = workshop.run(predict, FILE, records=data, bundle=workshop.bundle())
    assert result.rows == 0
    assert read(folder).num_rows == 0
    assert classes(read(folder)) == ["bird", "cat", "dog"]


def test_several_artifacts_are_scored_one_after_the_other(workshop, make_records):
    parts = [workshop.dataset(records=make_records(seen)) for seen in ([0], [], [2, 2])]
    result, folder = workshop.run(predict, FILE, records=parts, bundle=workshop.bundle())
    assert result.rows == 3
    assert read(folder)["predicted"].to_pylist() == ["bird", "dog", "dog"]


def test_pictures_of_another_shape_are_refused(workshop, make_records):
    data = workshop.dataset(records=make_records([0], shape=(5, 5, 1)))
    with pytest.raises(DataError, match=r"records do not fit the model.*\(5, 5, 1\)"):
        workshop.run(predict, FILE, records=data, bundle=workshop.bundle())


def test_an_empty_table_of_another_shape_is_refused_too(workshop, make_records):
    data = workshop.dataset(records=make_records([], shape=(5, 5, 1)))
    with pytest.raises(DataError, match="records do not fit the model"):
        workshop.run(predict, FILE, records=data, bundle=workshop.bundle())


def test_a_table_without_pictures_is_refused(workshop, make_records):
    data = workshop.dataset(records=make_records([0]).drop(["image"]))
    with pytest.raises(DataError, match="not a table of canonical pictures"):
        workshop.run(predict, FILE, records=data, bundle=workshop.bundle())


def test_a_table_without_content_digests_is_refused(workshop, make_records):
    data = workshop.dataset(records=make_records([0]).drop(["content_digest"]))
    with pytest.raises(DataError, match="not a table of canonical records"):
        workshop.run(predict, FILE, records=data, bundle=workshop.bundle())


def test_a_file_that_the_artifact_lacks_is_refused(workshop, make_records):
    data = workshop.dataset(train=make_records([0]))
    with pytest.raises(DataError, match="no such file"):
        workshop.run(predict, FILE, records=data, bundle=workshop.bundle())


def test_equal_requests_give_equal_bytes(workshop, make_records):
    data = workshop.dataset(records=make_records([0, 1, 2] * 50))
    folders = [
        workshop.run(predict, FILE, records=data, bundle=workshop.bundle())[1] for _ in range(2)
    ]
    first, second = ((f / "predictions.parquet").read_bytes() for f in folders)
    assert first == second


def test_progress_counts_the_rows(workshop, make_records):
    data = workshop.dataset(records=make_records([0, 1] * 5_000))
    workshop.run(predict, FILE, records=data, bundle=workshop.bundle())
    assert workshop.reports == [{"rows": 8192, "total": 10000}, {"rows": 10000, "total": 10000}]


def test_one_row_group_of_pictures_is_alive_at_a_time(workshop, make_records, monkeypatch):
    alive, most = weakref.WeakSet(), []
    decode = encoder.column_to_images

    def watched(column, shape):
        images = decode(column, shape).view(Watched)
        alive.add(Holder(images))
        return images

    class Watched(np.ndarray):
        pass

    class Holder:
        def __init__(self, images):
            most.append(sum(1 for _ in alive) + 1)
            images.holder = self

    monkeypatch.setattr(encoder, "column_to_images", watched)
    data = workshop.dataset(records=make_records([0] * 40_000))
    workshop.run(predict, FILE, records=data, bundle=workshop.bundle())
    assert len(most) == 5
    assert max(most) <= 2
