"""Feeds, batches, schedules, optimizers and class weights."""

from __future__ import annotations

import numpy as np
import pytest

from millrace.errors import DataError
from millrace.learning.dataset import DatasetSplit
from millrace.learning.training.feed import MemoryFeed, StreamingFeed, batch_ends, open_feed
from millrace.workflow.learning import Training
from picture_sides import picture_side


def read(feed, number, batch=32):
    reader, start, parts = feed.epoch(number), 0, []
    for end in batch_ends(feed.rows, batch):
        parts.append(reader.take(int(end) - start))
        start = int(end)
    return [np.concatenate(values) for values in zip(*parts, strict=True)]


@pytest.fixture
def large(make_dataset):
    """A training split of three row groups."""
    dataset = make_dataset({"train": 20_000, "validation": 1, "test": 1})
    return picture_side(dataset, "train")


@pytest.mark.parametrize("kind", [MemoryFeed, StreamingFeed])
def test_an_epoch_gives_every_record_once_in_an_order_of_its_own(kind, large):
    feed = kind(large, seed=3)
    expected = np.sort(large.load()[0].reshape(20_000, -1).sum(1, dtype=np.int64))
    first, second = (read(feed, number, 128)[0].reshape(20_000, -1) for number in (1, 2))
    np.testing.assert_array_equal(np.sort(first.sum(1, dtype=np.int64)), expected)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("kind", [MemoryFeed, StreamingFeed])
def test_the_order_follows_from_seed_and_epoch_alone(kind, large):
    read(one := kind(large, seed=3), 1, 128)
    np.testing.assert_array_equal(read(one, 2, 128)[0], read(kind(large, seed=3), 2, 128)[0])


@pytest.mark.parametrize("kind", [MemoryFeed, StreamingFeed])
@pytest.mark.parametrize("start", [0, 128, 9_000, 16_400, 19_999])
def test_an_epoch_that_is_taken_up_goes_on_with_the_same_records(kind, start, large, monkeypatch):
    monkeypatch.setattr("millrace.learning.training.feed._POOL_BYTES", 1)  # a pool is a row group
    feed = kind(large, seed=3)
    images, classes = read(feed, 2, 128)
    rest, of_rest = feed.epoch(2, start).take(20_000 - start)
    np.testing.assert_array_equal(rest, images[start:])
    np.testing.assert_array_equal(of_rest, classes[start:])


def test_records_before_the_start_are_not_read(large, monkeypatch):
    monkeypatch.setattr("millrace.learning.training.feed._POOL_BYTES", 1)
    asked = []

    class Counted(DatasetSplit):
        def groups(self, order=None):
            asked.extend(order)
            return super().groups(order)

    feed = StreamingFeed(Counted(large.name, large.path, large.labels, large.encoder), seed=3)
    feed.epoch(1, 19_999).take(1)
    assert len(asked) == 1


def test_pictures_keep_their_classes_when_streamed(large):
    images, classes = read(StreamingFeed(large, seed=3), 1, 128)
    for index in range(3):
        columns = images[classes == index][:, 3, :, 0].mean(0)
        assert columns[3 * index] == 230


def test_a_pool_of_large_pictures_is_bounded_by_bytes(large, monkeypatch):
    whole = np.sort(read(StreamingFeed(large, seed=3), 1, 128)[0].reshape(20_000, -1).sum(1))
    monkeypatch.setattr("millrace.learning.training.feed._POOL_BYTES", 8_192 * 64 * 2)
    feed = StreamingFeed(large, seed=3)
    assert [len(pool) for pool in feed._cut([2, 0, 1], large.group_rows())] == [2, 1]
    monkeypatch.setattr("millrace.learning.training.feed._POOL_BYTES", 1)
    assert list(feed._cut([2, 0, 1], large.group_rows())) == [[2], [0], [1]]
    bounded = np.sort(read(feed, 1, 128)[0].reshape(20_000, -1).sum(1))
    np.testing.assert_array_equal(bounded, whole)


def test_records_are_streamed_where_they_do_not_fit(large):
    assert isinstance(open_feed(large, 1), MemoryFeed)
    assert isinstance(open_feed(large, 1, fits=1_000), StreamingFeed)


@pytest.mark.parametrize(("rows", "batch"), [(1, 32), (32, 32), (33, 32), (1_000, 128), (7, 1)])
def test_batches_are_evenly_filled(rows, batch):
    sizes = np.diff(batch_ends(rows, batch), prepend=0)
    assert sizes.sum() == rows
    assert sizes.max() <= batch
    assert sizes.max() - sizes.min() <= 1


def test_a_record_without_a_label_is_refused(make_dataset):
    dataset = make_dataset({"train": 3, "validation": 1, "test": 1}, only="other")
    with pytest.raises(DataError, match=r"train split.*left, middle, right.*other"):
        picture_side(dataset, "train").load()


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("shape", "middle", "end"), [("constant", 1, 1), ("cosine", 0.5, 0), ("exponential", 0.1, 0.01)]
)
def test_the_learning_rate_rises_and_falls(shape, middle, end):
    from millrace.learning.training.schedule import WarmupSchedule

    schedule = WarmupSchedule(2.0, 120, 20 / 120, shape)
    assert float(schedule(0)) == pytest.approx(2 / 21)
    assert float(schedule(20)) == pytest.approx(2.0)
    assert float(schedule(70)) == pytest.approx(2 * middle)
    assert float(schedule(120)) == pytest.approx(2 * end, abs=1e-6)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "adagrad", "rmsprop"])
def test_every_optimizer_lowers_a_loss_and_spares_biases_from_decay(name):
    from millrace.learning.framework import keras, tf
    from millrace.learning.training.optimizer import build_optimizer

    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    spec = Training(optimizer=name, learning_rate=0.01, weight_decay=0.1, schedule="constant")
    optimizer = build_optimizer(spec, 100, network)
    x = tf.ones((8, 4))
    losses = []
    for _ in range(20):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((network(x) - 3.0) ** 2)
        losses.append(float(loss))
        weights = network.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
    assert losses[-1] < losses[0]
    assert optimizer._use_weight_decay(weights[0])
    assert not optimizer._use_weight_decay(weights[1])


@pytest.mark.tensorflow
def test_streamed_training_learns_and_can_be_repeated(dataset, stage):
    from millrace.learning.framework import make_deterministic
    from millrace.learning.networks.architecture import Architecture
    from millrace.learning.pictures.learnt import LearntPictures
    from millrace.learning.pictures.normalisation import Normalisation
    from millrace.learning.training.build import Task, build_trainer
    from millrace.workflow.images import ImageAugmentation
    from millrace.workflow.learning import CnnModel

    sides = [picture_side(dataset, name) for name in ("train", "validation")]
    normalisation = Normalisation((0.2,), (0.3,))
    learnt = LearntPictures(sides[0].encoder, normalisation, ImageAugmentation())
    task = Task(
        architecture=Architecture(CnnModel(kind="cnn", width=4, stages=2), sides[0].shape, 3),
        train=Training(epochs=4, batch_size=16, learning_rate=0.02),
        training=sides[0],
        validation=sides[1],
        learnt=learnt,
        fits=0,
    )
    histories = []
    for name in ("one", "other"):
        make_deterministic(7)
        context = stage(dataset, {}, name).context
        trainer, _ = build_trainer(task)
        progress = trainer.fit(context)
        histories.append(progress.history)
    assert histories[0] == histories[1]
    assert histories[0][-1]["validation_accuracy"] > 0.9


@pytest.mark.tensorflow
def test_balanced_class_weights_are_one_on_average(dataset):
    from millrace.learning.training.objective import class_weights

    split = picture_side(dataset, "train")
    weights = class_weights(split, "balanced")
    assert np.dot(weights, split.class_counts()) == pytest.approx(240)
    assert class_weights(split, "none") == [1.0, 1.0, 1.0]
