"""The networks: shapes, names and the fused twin."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import TypeAdapter

from millrace.errors import SpecError
from millrace.learning.pictures.encoder import PixelEncoder
from millrace.learning.pictures.normalisation import Normalisation
from millrace.workflow.images import ImageAugmentation
from millrace.workflow.learning import AnyModel

pytestmark = pytest.mark.tensorflow

_KINDS = [
    {"kind": "mlp", "hidden": [8]},
    {"kind": "cnn", "width": 4, "stages": 2},
    {"kind": "cnn", "width": 4, "stages": 2, "residual": True, "blocks": 2, "dropout": 0.1},
    {"kind": "millrace.learning.networks.mlp:build", "options": {"hidden": [4, 4]}},
]


def architecture(model, shape=(12, 10, 3), classes=5):
    from millrace.learning.networks.architecture import Architecture

    return Architecture(TypeAdapter(AnyModel).validate_python(model), shape, classes)


def classified(built):
    from millrace.learning.pictures.learnt import LearntPictures

    normalisation = Normalisation((0.5,) * 3, (0.2,) * 3)
    learnt = LearntPictures(PixelEncoder(built.shape), normalisation, ImageAugmentation())
    return learnt.classifier(built.network(3), built.model)


def images(rows=6, shape=(12, 10, 3)):
    return np.random.default_rng(1).integers(0, 256, (rows, *shape), dtype=np.uint8)


@pytest.mark.parametrize("model", _KINDS, ids=lambda model: model["kind"])
def test_probabilities_of_every_kind_of_network_sum_to_one(model):
    built = architecture(model)
    classifier = classified(built)
    probabilities = classifier(images()).numpy()
    assert probabilities.shape == (6, 5)
    assert probabilities.sum(1) == pytest.approx(1, abs=1e-5)


def test_the_same_seed_gives_the_same_weights_and_names():
    built = architecture(_KINDS[2])
    first, second = built.network(3), built.network(3)
    assert first.to_json() == second.to_json()
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_mirror_average_answers_a_picture_and_its_mirror_alike():
    built = architecture({**_KINDS[1], "mirror_average": True})
    classifier = classified(built)
    straight, mirrored = classifier(images()).numpy(), classifier(images()[:, :, ::-1]).numpy()
    assert straight == pytest.approx(mirrored, abs=1e-6)


def test_batch_normalisation_has_momentum_090():
    from millrace.learning.framework import keras

    network = architecture(_KINDS[2]).network(3)
    norms = [x for x in network.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert norms
    assert {layer.momentum for layer in norms} == {0.9}


def test_the_fused_network_trains_like_the_plain_one():
    from millrace.learning.networks.fused import FusedBatchNormalization, with_fused_normalisation

    plain = architecture(_KINDS[1]).network(3)
    fused = with_fused_normalisation(plain)
    assert any(isinstance(layer, FusedBatchNormalization) for layer in fused.layers)
    batch = images(32).astype(np.float32) / 255
    assert fused(batch, training=True).numpy() == pytest.approx(
        plain(batch, training=True).numpy(), abs=1e-4
    )
    for one, other in zip(fused.get_weights(), plain.get_weights(), strict=True):
        assert one == pytest.approx(other, rel=0.02, abs=1e-4)  # the variance is unbiased here


def test_a_model_that_is_none_is_refused():
    with pytest.raises(SpecError, match=r"something else.*keras\.Model.*dict"):
        architecture({"kind": "builtins:dict", "options": {}})._checked({})


def test_a_model_with_another_number_of_logits_is_refused():
    wide = architecture(_KINDS[1], classes=7).network(3)
    with pytest.raises(SpecError, match=r"wrong output.*\(batch, 5\)"):
        architecture(_KINDS[1])._checked(wide)


def test_an_own_function_that_fails_is_named():
    with pytest.raises(SpecError, match=r"networks\.mlp:build.*wrong"):
        architecture({**_KINDS[3], "options": {"wrong": 1}}).network(3)
