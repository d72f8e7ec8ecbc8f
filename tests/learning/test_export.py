"""The three exported forms of a network, and the canonical Keras file."""

from __future__ import annotations

import io
import shutil

import numpy as np
import pytest
from PIL import Image

from millrace.errors import DataError
from millrace.learning.dataset import DatasetSplit

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def sample(trained):
    images, _ = DatasetSplit.of(trained[0], "test").load()
    return images[:20]


def test_keras_saved_model_and_onnx_agree(trained, sample):
    from millrace.learning.export.agreement import check_agreement

    assert check_agreement(trained[1].context.output, sample) <= 1e-5


def test_a_form_that_disagrees_is_refused(trained, sample, tmp_path):
    from millrace.learning.export.agreement import check_agreement
    from millrace.learning.export.keras_file import save_keras
    from millrace.learning.framework import keras

    folder = shutil.copytree(trained[1].context.output, tmp_path / "bundle")
    model = keras.models.load_model(folder / "model.keras")
    model.set_weights([weight + 0.1 for weight in model.get_weights()])
    save_keras(model, folder / "model.keras", tmp_path)
    with pytest.raises(DataError, match=r"model\.keras and saved_model.*within 1e-05"):
        check_agreement(folder, sample)


def test_the_saved_model_takes_encoded_pictures(trained, sample):
    from millrace.learning.framework import keras, tf

    folder = trained[1].context.output
    buffers = []
    for image in sample:
        buffers.append(io.BytesIO())
        Image.fromarray(image[:, :, 0]).save(buffers[-1], "PNG")
    encoded = tf.constant([buffer.getvalue() for buffer in buffers])
    model = tf.saved_model.load(str(folder / "saved_model"))
    answer = model.signatures["serve_encoded"](encoded=encoded)
    expected = keras.models.load_model(folder / "model.keras")(sample).numpy()
    assert answer["probabilities"].numpy() == pytest.approx(expected, abs=1e-5)
    labels = np.array([b"left", b"middle", b"right"])
    assert list(answer["label"].numpy()) == list(labels[expected.argmax(1)])


def test_the_keras_file_is_a_function_of_the_network(trained, tmp_path):
    from millrace.learning.export.keras_file import network_digest, save_keras
    from millrace.learning.framework import keras

    model = keras.models.load_model(trained[1].context.output / "model.keras")
    for name in ("one.keras", "other.keras"):
        save_keras(model, tmp_path / name, tmp_path)
    assert (tmp_path / "one.keras").read_bytes() == (tmp_path / "other.keras").read_bytes()
    assert network_digest(model) == trained[2].facts["network_digest"]


def test_what_varies_from_run_to_run_is_declared_derived(trained):
    assert set(trained[2].derived) == {"saved_model/*", "model.onnx", "machine.json"}
