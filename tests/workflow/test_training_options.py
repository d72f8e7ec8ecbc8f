"""Options of training and of its devices."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from millrace.workflow.learning import Training
from millrace.workflow.resources import Resources


def test_options_for_gpus_are_off_unless_asked_for() -> None:
    train, resources = Training(), Resources()
    assert (train.precision, train.xla) == ("float32", False)
    assert (resources.gpus, resources.without_gpu, resources.memory_growth) == (0, "fail", True)


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16", "auto"])
def test_every_precision_round_trips(precision: str) -> None:
    train = Training(precision=precision, xla=True)
    assert Training(**train.model_dump(mode="json")) == train


@pytest.mark.parametrize("wrong", [{"precision": "float8"}, {"xla": "yes"}, {"jit": True}])
def test_an_unknown_option_or_value_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Training(**wrong)
