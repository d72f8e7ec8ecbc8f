"""Explanations of networks of a user's own: none at all sooner than a failed training."""

from __future__ import annotations

import json

import pytest

from millrace.learning.dataset import DatasetSplit
from millrace.learning.texts.encoder import TokenEncoder
from millrace.learning.texts.vocabulary import Vocabulary

pytestmark = pytest.mark.tensorflow

LENGTH, TOKENS = 6, 5


def without_slope():
    """Return a network whose length of a vector has no slope at 0."""
    from millrace.learning.framework import keras

    ids = keras.Input((LENGTH,), dtype="int32")
    x = keras.layers.Embedding(TOKENS, 4, embeddings_initializer="ones")(ids)
    lengths = keras.ops.sqrt(keras.ops.sum(keras.ops.relu(x - 0.9) ** 2, axis=-1))
    return keras.Model(ids, keras.layers.Dense(2)(lengths))


def with_its_own_call():
    """Return a network that is no graph of layers."""
    from millrace.learning.framework import keras

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.words = keras.layers.Embedding(TOKENS, 4)
            self.logits = keras.layers.Dense(2)

        def call(self, ids):
            return self.logits(keras.ops.mean(self.words(ids), axis=1))

    return Own()


def explained(network, dataset, path):
    from millrace.learning.framework import keras
    from millrace.learning.texts.gradients import write_explanations

    encoder = TokenEncoder(Vocabulary(("win", "prize", "lunch")), LENGTH)
    ids = keras.Input((LENGTH,), dtype="int32")
    classifier = keras.Model(ids, keras.layers.Softmax()(network(ids)))
    split = DatasetSplit.of(dataset, "validation", encoder)
    write_explanations(classifier, encoder, split, path, None)
    return path


def test_records_whose_weights_are_no_numbers_are_left_out(dataset, tmp_path):
    path = explained(without_slope(), dataset, tmp_path / "explained.json")
    document = json.loads(path.read_bytes())
    assert document["rows"] == 60
    assert document["texts"] == []


def test_a_network_with_a_call_of_its_own_has_no_explanations(dataset, tmp_path):
    assert not explained(with_its_own_call(), dataset, tmp_path / "explained.json").exists()
