"""The classes and their order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from millrace.data.integration.vocabulary import natural_order, vocabulary


def test_numbers_inside_words_count() -> None:
    words = ["b10", "b2", "10", "2", "a", "", "b"]
    assert sorted(words, key=natural_order) == ["", "2", "10", "a", "b", "b2", "b10"]


@given(st.lists(st.text(), min_size=2, unique=True))
def test_any_labels_have_one_order(labels: list[str]) -> None:
    assert vocabulary([], labels) == vocabulary([], reversed(labels))
    assert sorted(vocabulary([], labels)) == sorted(labels)
