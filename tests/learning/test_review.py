"""The band in which a prediction needs a person: marked, counted, and never silently decided."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from millrace.errors import DataError
from millrace.learning.decision import Rule, needs_review
from millrace.learning.evaluation.outcomes import outcomes_of
from millrace.learning.evaluation.review import review
from millrace.learning.predictions import predictions_table
from millrace.learning.threshold import choose_threshold
from millrace.workflow.decision import Decision

LABELS = ("normal", "blood")
RULE = Rule(LABELS, "blood", 0.5, None, (0.25, 0.75))
SCORES = np.float32([0.0, 0.25, 0.5, 0.74, 0.75, 1.0])


def rows(scores):
    return np.stack([1 - scores, scores], axis=1)


def outcomes(rule, truth):
    columns = {
        "record_id": [f"r{i}" for i in range(len(truth))],
        "source": ["s"] * len(truth),
        "label": pa.array([LABELS[int(one)] for one in truth]),
        "content_digest": pa.array([bytes(16)] * len(truth), pa.binary(16)),
    }
    table = predictions_table(pa.table(columns), rows(SCORES[: len(truth)]), LABELS, rule)
    return outcomes_of([table], LABELS, "test", rule)


def test_the_band_holds_its_lower_end_and_not_its_upper():
    assert needs_review(rows(SCORES), RULE).tolist() == [False, True, True, True, False, False]


def test_without_a_band_nothing_needs_a_person():
    assert not needs_review(rows(SCORES), None).any()
    assert not needs_review(rows(SCORES), Rule(LABELS, "blood", 0.5)).any()


def test_mistakes_inside_and_outside_the_band_are_told_apart():
    found = review(outcomes(RULE, [0, 1, 0, 1, 0, 1]), RULE)
    assert found == {
        "band": [0.25, 0.75],
        "rows": 3,
        "review_share": 0.5,
        "errors": 2,
        "decided_errors": 1,
        "decided_accuracy": pytest.approx(2 / 3),
    }


def test_a_band_that_leaves_nothing_has_no_accuracy():
    rule = Rule(LABELS, "blood", 0.5, None, (0.0, 1.0))
    assert review(outcomes(rule, [0, 1, 0]), rule)["decided_accuracy"] is None


def test_a_model_without_a_band_has_no_review():
    rule = Rule(LABELS, "blood", 0.5)
    assert review(outcomes(rule, [0, 1]), rule) is None
    assert review(outcomes(None, [0, 1]), None) is None


def test_the_bundle_keeps_the_band_that_was_asked_for():
    asked = Decision(positive="blood", abstain={"low": 0.25, "high": 0.75})
    answers = [(np.array([0, 1]), np.float32([[0.9, 0.1], [0.2, 0.8]]))]
    document = choose_threshold(asked, LABELS, answers)
    assert Rule.of({"decision": document}, LABELS, "bundle") == RULE


def test_what_is_no_number_needs_a_person():
    assert needs_review(np.float32([[np.nan, np.nan]]), RULE).tolist() == [True]


@pytest.mark.parametrize(
    "band",
    [
        *({}, {"low": 0.2}, {"low": "a", "high": 1}, [0.1, 0.2], 3),
        *({"low": 0.8, "high": 0.2}, {"low": 0.5, "high": 0.5}, {"low": -1, "high": 0.5}),
        *({"low": float("nan"), "high": 1}, {"low": 0, "high": float("inf")}),
    ],
)
def test_a_damaged_band_is_no_rule(band):
    decision = {"positive": "blood", "threshold": 0.5, "abstain": band}
    with pytest.raises(DataError, match="does not fit its labels"):
        Rule.of({"decision": decision}, LABELS, "bundle")
