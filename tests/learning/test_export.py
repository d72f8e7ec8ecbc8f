"""The three exported forms of a network, and the canonical Keras file."""

from __future__ import annotations

import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from millrace.data.decoding import decode_file
from millrace.data.pictures.canonical import CanonicalImages
from millrace.errors import DataError
from picture_sides import picture_side

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def sample(trained):
    images, _ = picture_side(trained[0], "test").load()
    return images[:20]


def noise(mode):
    """Return a PNG file of 8 x 8 pixels."""
    shape = (8, 8, len(mode)) if len(mode) > 1 else (8, 8)
    buffer = io.BytesIO()
    pixels = np.random.default_rng(3).integers(0, 256, shape, np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_keras_saved_model_and_onnx_agree(trained, sample):
    from millrace.learning.export.agreement import check_agreement

    assert check_agreement(trained[1].context.output, "image", sample) <= 1e-5


def test_a_form_that_disagrees_is_refused(trained, sample, tmp_path):
    from millrace.learning.export.agreement import check_agreement
    from millrace.learning.export.keras_file import save_keras
    from millrace.learning.framework import keras

    folder = shutil.copytree(trained[1].context.output, tmp_path / "bundle")
    model = keras.models.load_model(folder / "model.keras")
    model.set_weights([weight + 0.1 for weight in model.get_weights()])
    save_keras(model, folder / "model.keras", tmp_path)
    with pytest.raises(DataError, match=r"model\.keras and saved_model.*within 1e-05"):
        check_agreement(folder, "image", sample)


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


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_encoded_pictures_become_the_pixels_of_the_transform(invert, channels, mode):
    from millrace.learning.framework import tf
    from millrace.learning.pictures.saved_model import canonical_pixels

    data = noise(mode)
    values = {"size": [8, 8], "channels": channels, "invert": invert}
    (expected,) = CanonicalImages(values)(decode_file(data)[None], 255)
    made = canonical_pixels(tf.constant(data), (8, 8, channels), invert)
    np.testing.assert_array_equal(made.numpy(), expected)


@pytest.mark.parametrize("invert", [False, True])
def test_encoded_pictures_are_answered_as_transformed_ones(trained, tmp_path, invert):
    from millrace.learning.framework import keras, tf
    from millrace.learning.pictures.saved_model import save_saved_model

    classifier = keras.models.load_model(trained[1].context.output / "model.keras")
    values = {"size": [8, 8], "channels": 1, "invert": invert}
    save_saved_model(classifier, ["a", "b", "c"], (8, 8, 1), tmp_path / "saved", values)
    model, data = tf.saved_model.load(str(tmp_path / "saved")), noise("L")
    answer = model.signatures["serve_encoded"](encoded=tf.constant([data]))
    image = CanonicalImages(values)(decode_file(data)[None], 255)
    expected = model.signatures["serve"](image=tf.constant(image))["probabilities"].numpy()
    assert answer["probabilities"].numpy() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    "transform", [None, {"resize": "fit"}, {"resize": "stretch", "custom": "my.own:function"}]
)
def test_a_transform_that_the_graph_cannot_repeat_has_no_signature(trained, tmp_path, transform):
    from millrace.learning.framework import keras, tf
    from millrace.learning.pictures.saved_model import save_saved_model, takes_encoded

    classifier = keras.models.load_model(trained[1].context.output / "model.keras")
    save_saved_model(classifier, ["a", "b", "c"], (8, 8, 1), tmp_path / "saved", transform)
    assert not takes_encoded(transform)
    signatures = tf.saved_model.load(str(tmp_path / "saved")).signatures
    assert "serve" in signatures
    assert "serve_encoded" not in signatures


def test_the_bundle_says_its_transform_and_whether_it_takes_encoded_pictures(trained):
    document = json.loads((trained[1].context.output / "bundle.json").read_text())
    assert document["encoded"] is True
    assert document["transform"] == trained[0].facts["transform"]
    assert trained[2].facts["transform"] == trained[0].facts["transform"]


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


@pytest.mark.parametrize("positive", ["ham", "spam"])
def test_labels_in_a_graph_are_those_of_the_bundles_rule(positive):
    from millrace.learning.decision import Rule, predicted_classes
    from millrace.learning.export.label import labeller
    from millrace.learning.framework import tf

    labels = ("ham", "spam")
    scores = np.float32([0.0, 0.25, 0.5, 0.75, 1.0])
    probabilities = np.stack([1 - scores, scores], axis=1)
    for rule in (None, Rule(labels, positive, 0.75), Rule(labels, positive, 0.2)):
        answer = tf.function(labeller(labels, rule))(tf.constant(probabilities)).numpy()
        expected = [labels[index] for index in predicted_classes(probabilities, rule)]
        assert [one.decode() for one in answer] == expected
