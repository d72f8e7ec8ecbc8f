"""The networks of texts: shapes, padding, names, and equal answers from ONNX."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from millrace.learning.texts.encoder import TokenEncoder
from millrace.learning.texts.vocabulary import Vocabulary
from millrace.workflow.models import model_of

pytestmark = pytest.mark.tensorflow

LENGTH, TOKENS = 12, 30
_KINDS = {
    "cnn": {"kind": "text_cnn", "embedding": 6, "filters": 5, "widths": [2, 3, 20]},
    "gru": {"kind": "text_rnn", "embedding": 6, "units": 5},
    "lstm": {"kind": "text_rnn", "embedding": 6, "units": 5, "cell": "lstm"},
    "mlp": {"kind": "text_mlp", "embedding": 6, "pairs": 50, "hidden": [8]},
    "bag": {"kind": "text_mlp", "embedding": 6, "pairs": 0, "hidden": []},
    "own": {
        "kind": "millrace.learning.networks.text_cnn:build",
        "options": {"filters": 3},
        "tokens": {},
    },
}


@pytest.fixture(params=_KINDS)
def model(request):
    return model_of(_KINDS[request.param])


def encoder(length=LENGTH):
    return TokenEncoder(Vocabulary(tuple(f"w{n}" for n in range(TOKENS - 2))), length)


def network(model, length=LENGTH, seed=3):
    from millrace.learning.networks.architecture import Architecture

    return Architecture(model, (length,), 3, {"tokens": TOKENS}).network(seed)


def classifier(model, length=LENGTH):
    from millrace.learning.texts.learnt import LearntTexts

    return LearntTexts(encoder(length), {}).classifier(network(model, length), model)


def numbers(rows=40, length=LENGTH):
    random = np.random.default_rng(1)
    ids = random.integers(1, TOKENS, (rows, length), dtype=np.int32)
    ends = random.integers(0, length + 1, rows)
    ids[np.arange(length) >= ends[:, None]] = 0
    return ids


def test_probabilities_of_every_kind_sum_to_one(model):
    probabilities = classifier(model)(numbers()).numpy()
    assert probabilities.shape == (40, 3)
    assert probabilities.sum(1) == pytest.approx(1, abs=1e-5)
    assert probabilities.std(0).min() > 1e-4


def test_how_much_padding_follows_a_text_does_not_matter(model):
    short, long = classifier(model), classifier(model, 2 * LENGTH)
    long.set_weights(short.get_weights())
    ids = numbers()
    padded = np.pad(ids, ((0, 0), (0, LENGTH)))
    np.testing.assert_allclose(short(ids), long(padded), atol=1e-6)


def test_onnx_answers_as_keras_does(model, tmp_path):
    from millrace.learning.export.onnx_file import save_onnx

    built, ids = classifier(model), numbers()
    save_onnx(built, encoder(), tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (found,) = session.run(["probabilities"], {"ids": ids})
    np.testing.assert_allclose(found, built(ids), atol=1e-5)


def test_a_saved_network_is_loaded_with_keras_alone(model, tmp_path):
    from millrace.learning.export.keras_file import save_keras
    from millrace.learning.framework import keras

    built, ids = classifier(model), numbers()
    save_keras(built, tmp_path / "model.keras", tmp_path)
    again = keras.models.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_allclose(again(ids), built(ids), atol=1e-6)


def test_the_same_seed_gives_the_same_weights_and_names(model):
    first, second = network(model), network(model)
    assert first.to_json() == second.to_json()
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_pair_of_words_is_told_from_its_reverse():
    ids = np.array([[2, 3, 0, 0], [3, 2, 0, 0]], np.int32)
    pairs, bag = (classifier(model_of(_KINDS[name]), 4)(ids).numpy() for name in ("mlp", "bag"))
    assert np.abs(pairs[0] - pairs[1]).max() > 1e-4
    np.testing.assert_allclose(bag[0], bag[1], atol=1e-6)


def test_weights_of_words_add_up_to_the_score_of_every_kind(model):
    from millrace.learning.texts.gradients import IntegratedGradients

    built = classifier(model)
    built.set_weights([3 * weight for weight in built.get_weights()])
    explain, ids = IntegratedGradients(built), numbers(6)
    for row in ids:
        weights, error = explain(row, 1)
        assert error < 0.02
        assert not weights[row == 0].any()


def test_a_network_whose_words_cannot_be_reached_is_not_explained():
    from millrace.learning.framework import keras
    from millrace.learning.texts.gradients import IntegratedGradients

    ids = keras.Input((LENGTH,), dtype="int32")
    counts = keras.layers.Rescaling(0.1)(ids)
    plain = keras.Model(ids, keras.layers.Dense(3)(counts))
    from millrace.learning.texts.learnt import LearntTexts

    wrapped = LearntTexts(encoder(), {}).classifier(plain, model_of(_KINDS["cnn"]))
    with pytest.raises(ValueError, match="embedding"):
        IntegratedGradients(wrapped)
