"""The choice of a threshold: equal to a search by hand, and honest where a goal is out of reach."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest
from sklearn import metrics as reference

from millrace.errors import DataError, SpecError
from millrace.learning.decision import Rule
from millrace.learning.threshold import NEVER, choose_threshold
from millrace.workflow.decision import Decision

LABELS = ("ham", "spam")


def answers(spam, scores, parts=1):
    """Return answers where `spam` says which records are, and `scores` their probability."""
    scores = np.asarray(scores, np.float32)
    probabilities = np.stack([1 - scores, scores], axis=1)
    classes = np.asarray(spam, np.int32)
    pairs = zip(np.array_split(classes, parts), np.array_split(probabilities, parts), strict=True)
    return list(pairs)


def choose(spam, scores, goal=None, costs=None, labels=LABELS, parts=1):
    decision = Decision.model_validate({"positive": "spam", "goal": goal, "costs": costs})
    return choose_threshold(decision, labels, answers(spam, scores, parts))


def noisy(rows=400, seed=0):
    """Return classes of which 13 % are spam, and scores that tell them apart, though not well."""
    generator = np.random.default_rng(seed)
    spam = generator.random(rows) < 0.13
    return spam, np.round(1 / (1 + np.exp(-generator.normal(3.0 * spam - 2))), 2)


def by_hand(spam, scores, figure, at_least):
    """Return the best F1 of spam among all thresholds whose figure reaches the bound."""
    best = -1.0
    for threshold in [*np.unique(np.float32(scores)), 2.0]:
        predicted = np.float32(scores) >= threshold
        if figure(spam, predicted) >= at_least:
            best = max(best, reference.f1_score(spam, predicted, zero_division=0))
    return best


def ham_precision(spam, predicted):
    return reference.precision_score(~spam, ~predicted, zero_division=0)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("bound", [0.9, 0.95, 0.99])
def test_of_the_thresholds_that_reach_the_goal_the_best_one_is_taken(seed, bound):
    spam, scores = noisy(seed=seed)
    found = choose(spam, scores, {"precision_of": "ham", "at_least": bound})
    predicted = np.float32(scores) >= found["threshold"]
    assert found["reached"]
    assert found["value"] == ham_precision(spam, predicted) >= bound
    assert found["validation"]["f1"] == pytest.approx(by_hand(spam, scores, ham_precision, bound))


@pytest.mark.parametrize("seed", range(5))
def test_the_highest_f1_is_that_of_a_search_over_all_thresholds(seed):
    spam, scores = noisy(seed=seed)
    found = choose(spam, scores, {"f1_of": "spam"})
    assert found["value"] == pytest.approx(by_hand(spam, scores, lambda *_: 1.0, 1.0))
    assert found["reached"] is None


@pytest.mark.parametrize("costs", [{"ham": 20, "spam": 1}, {"ham": 0, "spam": 3}])
def test_the_least_cost_is_that_of_a_search_over_all_thresholds(costs):
    spam, scores = noisy()
    found = choose(spam, scores, {"least": "cost"}, costs)
    single = np.float32(scores)
    cuts = [single >= threshold for threshold in [*np.unique(single), 2.0]]
    totals = [costs["ham"] * (c & ~spam).sum() + costs["spam"] * (~c & spam).sum() for c in cuts]
    assert found["value"] == pytest.approx(min(totals) / len(spam))
    assert found["validation"]["cost"] == found["value"]


def test_a_goal_out_of_reach_gives_the_nearest_and_says_so(caplog):
    spam, scores = [1, 0, 1, 0], [0.9, 0.95, 0.8, 0.1]  # the surest one is ham
    with caplog.at_level(logging.INFO):
        found = choose(spam, scores, {"precision_of": "spam", "at_least": 0.9})
    assert found["reached"] is False
    assert found["value"] == pytest.approx(2 / 3)
    assert 0.1 < found["threshold"] < 0.8
    assert found["sentence"].endswith(
        "precision of spam is 0.6667 on the validation split, "
        "the nearest to 0.9, which no threshold reaches"
    )
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("WARNING", found["sentence"])
    ]


def test_a_goal_that_is_exactly_reached_is_reached():
    spam = [False] * 200 + [True]
    scores = [0.9] + [0.1] * 199 + [0.8]  # one in 200 hams is above all spam
    found = choose(spam, scores, {"recall_of": "ham", "at_least": 0.995})
    assert (found["value"], found["reached"]) == (0.995, True)
    assert found["validation"]["recall"] == 1.0


def test_the_threshold_lies_halfway_between_two_probabilities():
    found = choose([0, 0, 1, 1], [0.0, 0.25, 0.75, 1.0], {"f1_of": "spam"})
    assert found["threshold"] == 0.5
    assert found["validation"] == {
        "rows": 4, "positives": 2, "precision": 1, "recall": 1, "f1": 1, "matthews": 1
    }  # fmt: skip


def test_neighbours_in_single_precision_are_still_told_apart():
    low = np.float32(1) - np.float32(2**-23)
    found = choose([0, 0, 1], [0.2, low, 1.0], {"f1_of": "spam"})
    assert float(low) < found["threshold"] < 1.0
    assert found["value"] == 1.0


@pytest.mark.parametrize("score", [0.0, 0.3, 1.0])
def test_equal_probabilities_leave_all_or_nothing(score):
    spam, scores = [1, 0, 0, 0], [score] * 4
    everything = choose(spam, scores, {"f1_of": "spam"})
    nothing = choose(spam, scores, {"least": "cost"}, {"ham": 1, "spam": 1})
    assert (everything["threshold"], nothing["threshold"]) == (0.0, NEVER)
    assert everything["validation"]["recall"] == 1.0
    assert nothing["value"] == 0.25
    assert nothing["sentence"].startswith("never spam: cost of mistakes a record is 0.25")
    json.dumps([everything, nothing], allow_nan=False)


def test_a_goal_just_below_one_is_said_in_full():
    spam, scores = [1, 0, 1, 0], [0.9, 0.95, 0.8, 0.1]
    missed = choose(spam, scores, {"precision_of": "spam", "at_least": 0.999999})
    assert missed["sentence"].endswith("the nearest to 0.999999, which no threshold reaches")
    reached = choose(spam, scores, {"recall_of": "spam", "at_least": 0.999999})
    assert reached["sentence"].endswith(", at least 0.999999 as asked")


def test_of_equally_good_thresholds_the_one_nearest_to_the_middle_is_taken():
    spam, scores = [1, 0, 0, 1], [0.875, 0.875, 0.125, 0.125]
    found = choose(spam, scores, {"recall_of": "ham", "at_least": 0.5})
    assert found["threshold"] == 0.5


def test_without_a_goal_the_threshold_is_a_half():
    found = choose([1, 0, 1], [0.5, 0.4, 0.2])
    assert (found["threshold"], found["goal"], found["reached"]) == (0.5, None, None)
    assert found["validation"]["recall"] == 0.5
    assert found["sentence"] == "spam from a probability of 0.5 on"


def test_parts_and_the_order_of_the_classes_change_nothing():
    spam, scores = noisy()
    goal = {"precision_of": "ham", "at_least": 0.97}
    whole = choose(spam, scores, goal, {"ham": 2, "spam": 1})
    assert choose(spam, scores, goal, {"ham": 2, "spam": 1}, parts=7) == whole
    turned = [(1 - classes, p[:, ::-1]) for classes, p in answers(spam, scores)]
    decision = Decision(positive="spam", goal=whole["goal"], costs={"ham": 2, "spam": 1})
    assert choose_threshold(decision, LABELS[::-1], turned) == whole


@pytest.mark.parametrize("spam", [[0, 0, 0], [1, 1, 1]])
def test_a_class_without_validation_records_is_refused(spam):
    with pytest.raises(DataError, match=r"without validation records of both classes.*0"):
        choose(spam, [0.1, 0.5, 0.9], {"f1_of": "spam"})


def test_an_empty_validation_split_is_refused():
    with pytest.raises(DataError, match="without validation records"):
        choose_threshold(Decision(positive="spam"), LABELS, [])


@pytest.mark.parametrize("labels", [("ham", "junk"), ("ham", "spam", "virus")])
def test_other_classes_are_refused(labels):
    with pytest.raises(SpecError, match="decision: "):
        choose([0, 1], [0.1, 0.9], {"f1_of": "spam"}, labels=labels)


def test_what_is_chosen_is_the_rule_of_a_bundle():
    spam, scores = noisy()
    found = json.loads(json.dumps(choose(spam, scores, {"f1_of": "spam"})))
    rule = Rule.of({"decision": found}, LABELS, "bundle")
    predicted = np.concatenate([rule(p) for _, p in answers(spam, scores)])
    assert reference.f1_score(spam, predicted) == pytest.approx(found["value"])
