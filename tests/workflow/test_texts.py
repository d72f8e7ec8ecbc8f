"""What a spec may say of texts."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from millrace.workflow.texts import TextAugmentation, TextCleaning, TextTransform


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (TextCleaning, {"budget": {"blank": 0.1}}),
        (TextCleaning, {"headers": ["from: x"]}),
        (TextCleaning, {"languages": ["English"]}),
        (TextCleaning, {"length": {"shortest": 0}}),
        (TextTransform, {"tokens": ["address"]}),
        (TextTransform, {"case": "upper"}),
        (TextAugmentation, {"noise": 1.1}),
    ],
)
def test_what_means_nothing_is_refused(kind: Any, values: Any) -> None:
    with pytest.raises(ValidationError):
        kind(**values)


def test_every_reason_can_have_a_budget() -> None:
    assert TextCleaning(budget=dict.fromkeys(TextCleaning.reasons, 0.5)).budget


def test_values_round_trip_as_json() -> None:
    for value in (TextCleaning(headers=["from"]), TextTransform(stem="en"), TextAugmentation()):
        assert type(value)(**value.model_dump(mode="json")) == value
