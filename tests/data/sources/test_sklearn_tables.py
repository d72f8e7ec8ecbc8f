"""Tables that ship inside scikit-learn: the same values as its own loaders give."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn import datasets

from text_sources import document, read


@pytest.mark.parametrize(
    ("dataset", "load"),
    [
        ("breast_cancer", lambda: datasets.load_breast_cancer()),
        ("wine", lambda: datasets.load_wine()),
        ("diabetes", lambda: datasets.load_diabetes(scaled=False)),
    ],
)
def test_records_are_what_scikit_learn_loads(dataset: str, load: Any) -> None:
    table = read(document("sklearn", dataset=dataset, partition_rows=100))
    records = [json.loads(row) for row in table["content"].to_pylist()]
    theirs = load()
    assert list(records[0]) == list(theirs.feature_names)
    np.testing.assert_allclose(
        [list(record.values()) for record in records], theirs.data, rtol=1e-9
    )
    names = getattr(theirs, "target_names", None)
    expected = [f"{value:g}" for value in theirs.target] if names is None else names[theirs.target]
    assert table["label"].to_pylist() == list(expected)
    assert set(table["encoding"].to_pylist()) == {"row"}
