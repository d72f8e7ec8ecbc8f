"""New values of elements: dates, ages, descriptions."""

from __future__ import annotations

import pytest

from millrace.data.dicom.descriptors import clean_description
from millrace.data.dicom.values import capped_age, shifted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20200301", "20200229"),
        ("2020.03.01", "20200229"),
        ("20200301101112.5+0100", "20200229101112.5+0100"),
        ("", ""),
        ("20201345", ""),
        ("JOHN SMITH", ""),
        ("20200301 Smith", ""),
        ("00010101", ""),
    ],
)
def test_a_date_moves_and_what_is_none_is_left_out(text: str, expected: str) -> None:
    assert shifted(text, -1) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("089Y", "089Y"),
        ("090Y", "090Y"),
        ("104Y", "090Y"),
        ("999M", "999M"),
        ("003D", "003D"),
        ("ninety", ""),
        ("93", ""),
    ],
)
def test_ages_above_89_are_one(text: str, expected: str) -> None:
    assert capped_age(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Head routine 5 mm, Dr. Miller", "Head routine 5 mm"),
        ("KOPF nativ für Frau Zweifelstein", "KOPF"),
        ("CT Brain 4711889 w/o contrast", "CT Brain w o contrast"),
        ("", ""),
    ],
)
def test_of_a_description_only_known_words_stay(text: str, expected: str) -> None:
    assert clean_description(text) == expected


def test_a_known_word_is_left_out_where_somebody_is_called_so() -> None:
    assert clean_description("Head of Mr Foot", {"foot"}) == "Head"
