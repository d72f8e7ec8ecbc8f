"""Tests of `Bundle`: exact answers, bounded chunks, and refusals that say why."""

import subprocess
import sys

import numpy as np
import onnx
import pytest

from millrace.errors import DataError, IntegrityError, SpecError
from millrace.learning import bundle as module
from millrace.learning.bundle import Bundle


def images(*seen):
    pixels = np.zeros((len(seen), 16), np.uint8)
    pixels[np.arange(len(seen)), list(seen)] = 255
    return pixels.reshape(-1, 4, 4, 1)


def test_answers_with_softmax_probabilities_in_the_order_of_the_labels(workshop):
    bundle = Bundle.open(workshop.bundle())
    answer = bundle.predict(images(2, 0))
    high = np.exp(6) / (np.exp(6) + 2)
    low = 1 / (np.exp(6) + 2)
    assert bundle.labels == ("bird", "cat", "dog")
    assert bundle.shape == (4, 4, 1)
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer, [[low, low, high], [high, low, low]], rtol=1e-5)


def test_no_picture_gives_no_answer(workshop):
    assert Bundle.open(workshop.bundle()).predict(images()).shape == (0, 3)


def test_chunks_do_not_change_answers(workshop, monkeypatch):
    bundle = Bundle.open(workshop.bundle())
    many = np.random.default_rng(1).integers(0, 256, (1030, 4, 4, 1), np.uint8)
    whole = bundle.predict(many)
    monkeypatch.setattr(module, "_CHUNK_ROWS", 7)
    np.testing.assert_allclose(bundle.predict(many), whole, atol=1e-6)


def test_pictures_that_are_not_contiguous_are_answered(workshop):
    bundle = Bundle.open(workshop.bundle())
    np.testing.assert_array_equal(
        bundle.predict(images(0, 1, 2)[::-1]), bundle.predict(images(2, 1, 0))
    )


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((2, 5, 4, 1), np.uint8),
        np.zeros((2, 4, 4), np.uint8),
        np.zeros((2, 4, 4, 3), np.uint8),
        np.zeros((2, 4, 4, 1), np.float32),
    ],
)
def test_other_pictures_are_refused(workshop, wrong):
    with pytest.raises(DataError, match="the inputs do not fit the bundle"):
        Bundle.open(workshop.bundle()).predict(wrong)


@pytest.mark.parametrize("version", [3, 1, 0, None, "2"])
def test_an_unknown_format_is_a_spec_error(workshop, version):
    with pytest.raises(SpecError, match="unknown bundle format"):
        Bundle.open(workshop.bundle(format=version))


def test_an_unknown_modality_is_a_spec_error(workshop):
    with pytest.raises(SpecError, match=r"unknown learning modality.*smell"):
        Bundle.open(workshop.bundle(records={"modality": "smell"}))


@pytest.mark.parametrize(
    "broken",
    [{"input": {}}, {"input": {"shape": [4, 4]}}, {"input": {"shape": "xy"}}, {"input": None}],
)
def test_an_incomplete_document_is_a_data_error(workshop, broken):
    with pytest.raises(DataError, match=r"bundle\.json is incomplete"):
        Bundle.open(workshop.bundle(**broken))


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '"1"'])
def test_a_document_that_is_no_json_object_is_refused(workshop, text):
    folder = workshop.folder()
    (folder / "bundle.json").write_text(text)
    (folder / "model.onnx").write_bytes(b"")
    with pytest.raises((DataError, SpecError), match="bundle"):
        Bundle.open(workshop.publish("bundle", folder))


def test_a_label_twice_is_a_data_error(workshop):
    with pytest.raises(DataError, match="labels must be unique"):
        Bundle.open(workshop.bundle(labels=("a", "b", "a")))


def test_a_graph_that_is_none_is_a_data_error(workshop):
    artifact = workshop.bundle()
    folder = artifact.extract(workshop.folder())
    (folder / "model.onnx").write_bytes(b"\x08\x09 not a graph")
    with pytest.raises(DataError, match=r"model\.onnx cannot be loaded"):
        Bundle.open(workshop.publish("bundle", folder))


def test_a_graph_damaged_in_the_store_is_noticed(workshop):
    artifact = workshop.bundle()
    path = artifact.path("model.onnx")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    with pytest.raises(IntegrityError, match="damaged"):
        Bundle.open(artifact)


def test_a_graph_of_other_names_is_a_data_error(workshop):
    folder = workshop.bundle().extract(workshop.folder())
    model = onnx.load(folder / "model.onnx")
    model.graph.output[0].name = model.graph.node[-1].output[0] = "answer"
    onnx.save(model, folder / "model.onnx")
    with pytest.raises(DataError, match="another signature"):
        Bundle.open(workshop.publish("bundle", folder))


def test_a_graph_of_fewer_classes_is_a_data_error(workshop, make_weights):
    folder = workshop.bundle().extract(workshop.folder())
    other = workshop.bundle(labels=("a", "b")).extract(workshop.folder())
    (folder / "model.onnx").write_bytes((other / "model.onnx").read_bytes())
    with pytest.raises(DataError, match="does not fit the bundle's labels"):
        Bundle.open(workshop.publish("bundle", folder)).predict(images(0))


def test_nan_is_never_an_answer(workshop, make_weights):
    bundle = Bundle.open(workshop.bundle(weights=make_weights() * np.nan))
    with pytest.raises(DataError, match="NaN or infinity"):
        bundle.predict(images(0))


def test_evaluation_gate_and_prediction_need_no_tensorflow():
    block = (
        "import sys; sys.modules.update(tensorflow=None, keras=None, onnx=None, tf2onnx=None); "
        "import millrace.learning.evaluate, millrace.learning.gate, millrace.learning.predict"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", block], check=True, timeout=120)
