"""A decision in use: evaluation, prediction, the gate and the baseline obey it alone."""

import json
import math

import numpy as np
import pyarrow.parquet as pq
import pytest

from millrace.errors import DataError
from millrace.learning import baseline, evaluate, gate, predict
from millrace.learning.gating.champion import champion_checks
from millrace.learning.gating.thresholds import threshold_checks
from millrace.workflow.learning import Baseline, Gate

LABELS = ("ham", "spam")
PARAMS = {"modality": "image", "bootstrap": 20, "seed": 7}
DECISION = {
    "positive": "spam",
    "threshold": 0.9,
    "goal": {"precision_of": "spam", "at_least": 0.8},
    "costs": {"ham": 20.0, "spam": 1.0},
    "value": 0.85,
    "reached": True,
    "sentence": "spam from a probability of 0.9 on",
}
SCORES = [0.02, 0.3, 0.6, 0.8, 0.9001, 0.99]
SEEN = [0, 1, 2, 3, 4, 5, 0, 0, 1, 0]
TRUE = ["ham", "ham", "ham", "spam", "spam", "spam", "ham", "ham", "ham", "ham"]


def weights(scores=SCORES, positive=1):
    """Return weights that give pixel k the probability `scores[k]` of the positive class."""
    values = np.zeros((16, 2))
    values[: len(scores), positive] = np.log(scores) - np.log1p(-np.array(scores))
    return values


@pytest.fixture
def dataset(workshop, make_records):
    made = workshop.dataset(
        train=make_records([0, 5] * 20, ["ham", "spam"] * 20),
        validation=make_records(SEEN, TRUE),
        test=make_records(SEEN, TRUE),
    )
    made.manifest.facts["labels"] = list(LABELS)
    return made


@pytest.fixture
def make_bundle(workshop):
    def make(**decision):
        found = {**DECISION, **decision}
        return workshop.bundle(weights=weights(), labels=LABELS, decision=found)

    return make


@pytest.fixture
def older(workshop):
    """A bundle that was made before there were decisions."""
    return workshop.bundle(weights=weights(), labels=LABELS)


def scored(workshop, dataset, bundle, **more):
    params = {**PARAMS, **more.pop("params", {})}
    return workshop.run(evaluate, params, dataset=dataset, bundle=bundle, **more)


def test_the_threshold_decides_and_its_figures_are_facts(workshop, dataset, make_bundle):
    result, folder = scored(workshop, dataset, make_bundle())
    figures = {name: one["value"] for name, one in result.facts["metrics"].items()}
    assert (figures["precision"], figures["recall"]) == (1.0, pytest.approx(2 / 3))
    assert figures["average_precision"] == figures["roc_auc"] == 1.0
    assert figures["cost"] == pytest.approx(1 / 10)
    assert result.facts["decision"] == DECISION
    assert result.metrics["f1"] == pytest.approx(0.8)
    assert result.metrics["f1_low"] <= 0.8 <= result.metrics["f1_high"]
    assert all(math.isfinite(value) for value in result.metrics.values())
    report = json.loads((folder / "report.json").read_text())
    assert report["confusion"] == [[7, 0], [1, 2]]
    assert report["costs"] == {"labels": list(LABELS), "table": [[0, 0], [1, 0]]}
    assert (folder / "plots" / "precision_recall.png").stat().st_size > 5_000


def test_an_older_bundle_is_evaluated_as_before(workshop, dataset, older):
    result, folder = scored(workshop, dataset, older)
    assert result.facts["decision"] is None
    assert "f1" not in result.metrics
    assert result.metrics["accuracy"] == 0.9  # 0.6 of a ham is taken for spam
    assert not (folder / "plots" / "precision_recall.png").exists()


def test_an_older_champion_is_compared_by_the_same_figures(workshop, dataset, make_bundle, older):
    result, _ = scored(workshop, dataset, make_bundle(), champion=older, params={"by": "f1"})
    champion = result.facts["champion"]
    assert champion["comparable"]
    assert champion["metrics"]["f1"] == pytest.approx(6 / 7)
    assert champion["f1_gain"]["value"] == pytest.approx(0.8 - 6 / 7)
    assert champion["f1_gain"]["low"] <= champion["f1_gain"]["high"]
    assert champion["metrics"]["cost"] == pytest.approx(2.0)


def test_a_champion_with_its_labels_in_another_order_has_the_same_figures(
    workshop, dataset, make_bundle
):
    turned = workshop.bundle(
        weights=weights(positive=0), labels=LABELS[::-1], decision={**DECISION, "threshold": 0.5}
    )
    result, _ = scored(workshop, dataset, make_bundle(threshold=0.5), champion=turned)
    ours = {name: one["value"] for name, one in result.facts["metrics"].items()}
    assert result.facts["champion"]["metrics"] == pytest.approx(ours, abs=1e-6)
    assert result.facts["champion"]["accuracy_gain"]["value"] == 0


def test_a_test_split_without_positive_records_is_evaluated(workshop, make_records, make_bundle):
    dataset = workshop.dataset(test=make_records([0, 1, 2], ["ham"] * 3))
    result, folder = scored(workshop, dataset, make_bundle())
    assert result.metrics["recall"] == result.metrics["average_precision"] == 0.0
    assert (folder / "plots" / "precision_recall.png").exists()


def test_a_damaged_decision_is_refused(workshop, dataset, make_bundle):
    with pytest.raises(DataError, match="decision does not fit its labels"):
        scored(workshop, dataset, make_bundle(positive="eggs"))


def test_batch_prediction_obeys_the_threshold(workshop, dataset, make_bundle):
    params = {"modality": "image", "file": "test.parquet"}
    result, folder = workshop.run(predict, params, records=dataset, bundle=make_bundle())
    assert result.facts["predicted"] == {"ham": 8, "spam": 2}
    row = pq.read_table(folder / "predictions.parquet").to_pylist()[3]
    assert (row["predicted"], row["probability"]) == ("ham", pytest.approx(0.2))


def test_the_baseline_has_a_threshold_of_its_own(workshop, dataset, make_bundle):
    asked = {"positive": "spam", "goal": {"precision_of": "ham", "at_least": 1.0}}
    spec = Baseline(kind="logistic", rows=40).model_dump(mode="json")
    params = {"modality": "image", "baseline": spec, "decision": asked}
    made = workshop.run(baseline, params, dataset=dataset)
    found = made[0].facts["decision"]
    assert (found["positive"], found["reached"]) == ("spam", True)
    rows = pq.read_table(made[1] / "predictions.parquet").to_pylist()
    taken = [row["probabilities"][1] >= found["threshold"] for row in rows]
    assert [row["predicted"] == "spam" for row in rows] == taken
    rival = workshop.keep(*made)
    result, _ = scored(workshop, dataset, make_bundle(), baseline=rival)
    assert result.metrics["baseline_recall"] == 1.0
    assert result.facts["baseline"]["metrics"].keys() == result.facts["metrics"].keys()


def test_a_baseline_without_validation_records_of_a_class_is_refused(workshop, make_records):
    records = make_records([0, 5] * 20, ["ham", "spam"] * 20)
    dataset = workshop.dataset(train=records, validation=make_records([0], ["ham"]), test=records)
    dataset.manifest.facts["labels"] = list(LABELS)
    spec = Baseline(kind="logistic", rows=40).model_dump(mode="json")
    params = {"modality": "image", "baseline": spec, "decision": {"positive": "spam"}}
    with pytest.raises(DataError, match="without validation records of both classes"):
        workshop.run(baseline, params, dataset=dataset)


def judge(workshop, dataset, bundle, champion=None, **values):
    by = {"by": values.get("by", "accuracy")}
    made = scored(workshop, dataset, bundle, champion=champion, params=by)
    params = {"modality": "image", "gate": Gate(**values).model_dump(mode="json")}
    evaluation = workshop.keep(*made)
    return workshop.run(gate, params, evaluation=evaluation, bundle=bundle, dataset=dataset)[0]


def test_every_new_threshold_is_judged(workshop, dataset, make_bundle):
    result = judge(
        workshop, dataset, make_bundle(),
        balanced_accuracy=0.9, matthews=0.9, f1=0.9, average_precision=1.0,
    )  # fmt: skip
    assert result.facts["reasons"] == [
        "balanced accuracy 0.8333 is below the gate's 0.9",
        "Matthews correlation 0.7638 is below the gate's 0.9",
        "F1 0.8 is below the gate's 0.9",
    ]


def test_a_goal_that_was_not_reached_is_refused(workshop, dataset, make_bundle):
    missed = make_bundle(reached=False, value=0.7, sentence="the nearest to 0.8")
    assert judge(workshop, dataset, missed).facts["reasons"] == ["the nearest to 0.8"]
    assert judge(workshop, dataset, missed, goal=False).facts["decision"] == "promote"


def test_a_goal_without_a_bound_is_no_check(workshop, dataset, make_bundle):
    best = make_bundle(reached=None, goal={"f1_of": "spam"})
    names = [check["name"] for check in judge(workshop, dataset, best).facts["checks"]]
    assert "goal" not in names


def test_the_champion_is_compared_by_the_figure_that_counts(workshop, dataset, make_bundle, older):
    worse = make_bundle(threshold=0.95)  # as accurate as is the older one, but finds less spam
    by_accuracy = judge(workshop, dataset, make_bundle(), champion=older)
    assert by_accuracy.facts["decision"] == "promote"
    by_f1 = judge(workshop, dataset, worse, champion=older, by="f1", overall_drop=0.1)
    assert by_f1.facts["reasons"] == [
        "F1 0.5 is 0.3571 below the champion's 0.8571, more than the gate's 0.1"
    ]


@pytest.mark.parametrize(
    ("by", "positives", "judged_by"),
    [
        ("f1", 30, "F1"),
        ("f1", 29, "accuracy"),
        ("average_precision", 470, "average precision"),
        ("average_precision", 471, "accuracy"),
        ("balanced_accuracy", 0, "balanced accuracy"),
        ("matthews", 0, "accuracy"),
    ],
)
def test_a_slice_is_judged_by_accuracy_where_the_figure_says_nothing(by, positives, judged_by):
    part = {"rows": 500, "positives": positives, "accuracy": {"value": 0.5}, by: 0.1}
    better = {**part, "accuracy": {"value": 0.9}, by: 0.9}
    facts = {
        "metrics": {by: {"value": 0.9}},
        "slices": {"s": part},
        "champion": {"comparable": True, "metrics": {by: 0.9}, "slices": {"s": better}},
    }
    overall, found = champion_checks(Gate(by=by), facts)
    assert (overall.passed, found.passed) == (True, False)
    assert found.sentence.startswith(f"{judged_by} on slice s ")


@pytest.mark.parametrize(("ours", "passed"), [(0.8, True), (0.79, False)])
def test_the_baseline_is_reached_by_the_figure_that_counts(ours, passed):
    metrics = {"accuracy": {"value": 0.1}, "f1": {"value": ours}}
    facts = {"metrics": metrics, "baseline": {"metrics": {"accuracy": 0.9, "f1": 0.8}}}
    (check,) = threshold_checks(Gate(beat_baseline=True, by="f1"), facts)
    assert check.passed is passed
    assert check.sentence.startswith("F1 0.")
