"""Checks of maps of what spoke for answers to pictures: the right places, checks that can fail."""

from __future__ import annotations

import json

import numpy as np
import pytest

from folder_files import FolderFiles
from millrace.learning.dataset import DatasetSplit
from millrace.learning.pictures.encoder import PixelEncoder
from millrace.learning.pictures.explained import (
    EXPLAINED,
    Check,
    Explanations,
    Method,
    map_file,
    rank_correlation,
)

pytestmark = pytest.mark.tensorflow

SHAPE = (8, 8, 1)


def explained(network, dataset, folder, mirror=False):
    """Return the maps of an untrained network, with their checks."""
    from millrace.learning.framework import keras
    from millrace.learning.pictures.learnt import LearntPictures
    from millrace.learning.pictures.normalisation import Normalisation
    from millrace.learning.pictures.sanity import write_checks
    from millrace.workflow.images import ImageAugmentation
    from millrace.workflow.learning import CnnModel

    keras.utils.set_random_seed(1)
    encoder = PixelEncoder(SHAPE)
    histogram = np.zeros((1, 256), np.int64)
    histogram[0, [0, 255]] = 1
    learnt = LearntPictures(encoder, Normalisation.of(histogram), ImageAugmentation())
    model = CnnModel(kind="cnn", mirror_average=mirror)
    split = DatasetSplit.of(dataset, "validation", encoder)
    folder.mkdir()
    write_checks(learnt.classifier(network(), model), encoder, split, folder, None, [0.0])
    return Explanations.read(FolderFiles(folder))


def convolutional():
    from millrace.learning.networks.cnn import build

    return build(SHAPE, 3, width=4, stages=1)


def dense():
    from millrace.learning.framework import keras

    picture = keras.Input(SHAPE)
    x = keras.layers.Dense(8, activation="relu")(keras.layers.Flatten()(picture))
    return keras.Model(picture, keras.layers.Dense(3)(x))


def with_its_own_call():
    from millrace.learning.framework import keras

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.flat = keras.layers.Flatten()
            self.logits = keras.layers.Dense(3)

        def call(self, picture):
            return self.logits(self.flat(picture))

    made = Own()
    made(np.zeros((1, *SHAPE), np.float32))
    return made


def without_slope():
    from millrace.learning.framework import keras

    picture = keras.Input(SHAPE)
    x = keras.layers.Flatten()(picture)
    odd = keras.ops.sqrt(keras.ops.relu(x - 1e9))  # its slope at 0 is infinite times 0
    return keras.Model(picture, keras.layers.Dense(3)(odd))


def constant():
    from millrace.learning.framework import keras

    picture = keras.Input(SHAPE)
    x = keras.layers.Dense(3, kernel_initializer="zeros")(keras.layers.Flatten()(picture))
    return keras.Model(picture, x)


def test_a_trained_network_looks_at_the_bright_square(trained, dataset):
    _, run, _ = trained
    found = Explanations.read(FolderFiles(run.context.output))
    assert found.rows == 60
    assert found.gradients.refused is None
    assert found.gradients.error < 0.1
    pictures = {"left": slice(0, 2), "middle": slice(3, 5), "right": slice(6, 8)}
    shares = [
        np.abs(found.maps["gradients"][i][2:6, pictures[one.label]]).sum()
        / np.abs(found.maps["gradients"][i]).sum()
        for i, one in enumerate(found.records)
    ]
    assert np.median(shares) > 0.25  # of an eighth of the picture


def test_weights_come_back_after_they_were_randomised():
    from millrace.learning.pictures.randomised import learn_random_labels, random_weights

    network, random = convolutional(), np.random.default_rng(0)
    before = network.get_weights()
    pictures = random.integers(0, 255, (12, *SHAPE), np.uint8)
    with random_weights(network):
        learn_random_labels(network, lambda x: x / 255, pictures, 3)
        assert any((a != b).any() for a, b in zip(before, network.get_weights(), strict=True))
    assert all((a == b).all() for a, b in zip(before, network.get_weights(), strict=True))


def test_explanations_are_the_same_whenever_they_are_made(dataset, tmp_path):
    for name in ("a", "b"):
        explained(convolutional, dataset, tmp_path / name, mirror=True)
    for name in (EXPLAINED, map_file("cam"), map_file("gradients")):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_gradients_add_up_to_the_change_of_the_score(dataset, tmp_path):
    found = explained(convolutional, dataset, tmp_path / "made", mirror=True)
    assert found.gradients.error < 0.1
    assert all(one.error < 0.5 for one in found.records)
    assert len(found.records) == 4
    assert found.maps["cam"].min() >= 0
    assert found.maps["cam"].max() <= 1


def test_a_network_without_a_convolution_has_gradients_alone(dataset, tmp_path):
    found = explained(dense, dataset, tmp_path / "made")
    assert "cam" not in found.maps
    assert "no map of features" in found.cam.refused
    assert found.maps["gradients"].shape[1:] == SHAPE[:2]


def test_a_network_with_a_call_of_its_own_has_gradients_alone(dataset, tmp_path):
    found = explained(with_its_own_call, dataset, tmp_path / "made")
    assert found.cam.refused is not None
    assert found.gradients.problem is None


@pytest.mark.parametrize("network", [without_slope, constant])
def test_maps_that_are_no_numbers_or_flat_are_refused(network, dataset, tmp_path):
    found = explained(network, dataset, tmp_path / "made")
    assert "not shown" in found.sentences()[1]
    json.loads((tmp_path / "made" / EXPLAINED).read_bytes())


def test_no_errors_at_all_and_one_class_only_leave_a_sample(make_dataset, tmp_path):
    only = make_dataset({"train": 30, "validation": 5, "test": 5}, "left")
    found = explained(convolutional, only, tmp_path / "made")
    assert {one.label for one in found.records} == {"left"}
    assert 0 < len(found.records) <= 4


def test_a_method_whose_maps_stay_the_same_is_refused():
    same = Method("Grad-CAM", (Check("weights", 8, 0.93), Check("labels", 8, 0.1)))
    assert same.refused == (
        "Grad-CAM is not shown: with random weights its maps stay the same (rank correlation 0.93)"
    )
    assert Method("Grad-CAM", (Check("weights", 8, 0.2),)).refused is None
    assert "leave out 40%" in Method("Integrated gradients", error=0.4).refused


def test_empty_maps_of_a_randomised_network_are_no_check():
    from millrace.learning.pictures.sanity import _check

    maps = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    empty = _check("weights", maps, np.zeros_like(maps), {}, None)
    assert (empty.correlation, empty.reason) == (None, "the randomised network's maps are empty")
    half = np.stack([np.zeros((3, 4), np.float32), maps[1]])
    assert _check("weights", maps, half, {}, None) == Check("weights", 1, 1.0)


def test_ranks_are_compared_and_flat_maps_are_told_apart():
    ramp = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert rank_correlation(ramp, ramp**3) == pytest.approx(1)
    assert rank_correlation(ramp, -ramp) == pytest.approx(-1)
    assert rank_correlation(ramp, np.zeros_like(ramp)) == 0
    assert np.isnan(rank_correlation(np.zeros_like(ramp), ramp))
