"""The rule of a bundle: positive from the threshold on; a damaged rule is refused."""

from __future__ import annotations

import numpy as np
import pytest

from millrace.errors import DataError
from millrace.learning.decision import Rule, predicted_classes

LABELS = ("ham", "spam")
SOUND = {"positive": "spam", "threshold": 0.75, "costs": None}


def rows(*scores):
    values = np.float32(scores)
    return np.stack([1 - values, values], axis=1)


def test_a_probability_at_the_threshold_is_positive():
    rule = Rule(LABELS, "spam", 0.75)
    assert rule(rows(0.75, np.nextafter(np.float32(0.75), np.float32(0)), 0.8)).tolist() == [
        1,
        0,
        1,
    ]


def test_the_positive_class_may_come_first():
    rule = Rule(LABELS[::-1], "spam", 0.75)
    assert rule(rows(0.75, 0.2)[:, ::-1]).tolist() == [0, 1]


@pytest.mark.parametrize(("threshold", "expected"), [(0.0, [1, 1]), (1.0000000000000002, [0, 0])])
def test_always_and_never_are_thresholds_too(threshold, expected):
    assert Rule(LABELS, "spam", threshold)(rows(0.0, 1.0)).tolist() == expected


def test_without_a_rule_the_most_probable_class_is_predicted():
    probabilities = np.float32([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]])
    assert predicted_classes(probabilities, None).tolist() == [1, 0]
    assert predicted_classes(probabilities[:0], None).tolist() == []


def test_no_records_have_no_classes():
    assert predicted_classes(rows()[:0].reshape(0, 2), Rule(LABELS, "spam", 0.5)).tolist() == []


def test_a_document_without_a_decision_has_no_rule():
    assert Rule.of({}, ("a", "b", "c"), "bundle") is None


@pytest.mark.parametrize(
    ("changes", "labels"),
    [
        ({"positive": "eggs"}, LABELS),
        ({"threshold": float("nan")}, LABELS),
        ({"threshold": "high"}, LABELS),
        ({"threshold": None}, LABELS),
        ({"costs": {"ham": 1.0}}, LABELS),
        ({"costs": 3}, LABELS),
        ({}, ("ham", "spam", "virus")),
    ],
)
def test_a_rule_that_does_not_fit_its_bundle_is_refused(changes, labels):
    with pytest.raises(DataError, match="bundle: the bundle's decision does not fit"):
        Rule.of({"decision": {**SOUND, **changes}}, labels, "bundle")


@pytest.mark.parametrize("decision", ["spam", [], 3, {}])
def test_a_decision_of_another_form_is_refused(decision):
    with pytest.raises(DataError, match="does not fit its labels"):
        Rule.of({"decision": decision}, LABELS, "bundle")
