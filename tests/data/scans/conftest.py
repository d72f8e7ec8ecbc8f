"""Cleaning and transforming as a CT workflow does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from drawn_slices import CHANNELS
from millrace.data import clean, transform
from millrace.workflow.ct import CtCleaning, CtTransform


@pytest.fixture
def cleaned(bench: Any) -> Callable[..., Any]:
    """Return a function that cleans collected records as a CT workflow does."""

    def run(records: Any, **values: Any) -> Any:
        params = {
            "modality": "ct",
            "reduce_to": values.pop("reduce_to", None),
            "label_map": {},
            "labels": values.pop("labels", []),
            "labelled": values.pop("labelled", True),
            "rules": CtCleaning(**values).model_dump(mode="json"),
        }
        return bench.run(clean, params, {"records": [records]})

    return run


@pytest.fixture
def transformed(bench: Any) -> Callable[..., Any]:
    """Return a function that transforms clean records."""

    def run(records: Any, **values: Any) -> Any:
        values = {"size": (32, 24), "channels": CHANNELS} | values
        params = {"modality": "ct", "transform": CtTransform(**values).model_dump(mode="json")}
        return bench.run(transform, params, {"records": [records]})

    return run
