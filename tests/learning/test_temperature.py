"""The temperature: it makes probabilities honest, and a few records do not make it sure."""

from __future__ import annotations

import numpy as np
import pytest

from millrace.learning.temperature import choose_temperature, log_softmax


def answers(rows=4_000, classes=3, factor=1.0, seed=0):
    """Return classes drawn from honest probabilities, and those sharpened by a factor."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1.5, (rows, classes))
    honest = np.exp(log_softmax(logits))
    drawn = (honest.cumsum(axis=1) < random.random((rows, 1))).sum(axis=1)
    return drawn, np.exp(log_softmax(logits * factor)).astype(np.float32)


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_what_made_a_model_too_sure(factor):
    found = choose_temperature(*answers(factor=factor))
    assert found["temperature"] == pytest.approx(factor, rel=0.1)
    assert found["log_loss"] <= found["log_loss_before"] + 1e-9
    assert found["rows"] == 4_000


def test_few_records_that_are_all_right_do_not_make_it_sure_of_everything():
    probabilities = np.float32([[0.9, 0.1], [0.2, 0.8]] * 5)
    found = choose_temperature(np.array([0, 1] * 5), probabilities)
    assert found["temperature"] > 0.5


def test_probabilities_of_nought_are_borne():
    found = choose_temperature(np.array([1, 0]), np.float32([[1, 0], [0, 1]]))
    assert found["temperature"] == pytest.approx(10)
    assert np.isfinite(found["log_loss"])


def test_one_record_of_one_class_is_enough():
    assert 0.25 <= choose_temperature(np.array([0]), np.float32([[0.6, 0.4]]))["temperature"] <= 10
