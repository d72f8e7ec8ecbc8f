"""Tests of the stage `gate`: who becomes champion, and the sentences that say why."""

import itertools
from dataclasses import replace

import pytest

from millrace.artifacts.digests import canonical_json
from millrace.errors import DataError, IntegrityError, TransientError
from millrace.learning import evaluate, gate
from millrace.learning.gating.answers import answer_checks
from millrace.learning.gating.champion import champion_checks
from millrace.learning.gating.check import figures
from millrace.learning.gating.thresholds import threshold_checks
from millrace.workflow.learning import Gate

EVALUATION = {"modality": "image", "bootstrap": 20, "seed": 7}


def dump(**values):
    return {"modality": "image", "gate": Gate(**values).model_dump(mode="json")}


@pytest.fixture
def dataset(workshop, make_records):
    """Forty records, one of which is labelled wrongly."""
    return workshop.dataset(test=make_records([0] * 40, ["cat"] + ["bird"] * 39))


def decide(workshop, dataset, bundle, champion=None, **values):
    made = workshop.run(evaluate, EVALUATION, dataset=dataset, bundle=bundle, champion=champion)
    evaluation = workshop.keep(*made)
    return workshop.run(
        gate, dump(**values), evaluation=evaluation, bundle=bundle, dataset=dataset
    )[0]


def checks(result):
    return {check["name"]: check for check in result.facts["checks"]}


def test_a_good_challenger_without_a_champion_is_promoted(workshop, dataset):
    result = decide(workshop, dataset, workshop.bundle(), accuracy=0.97)
    assert result.facts["decision"] == "promote"
    assert result.facts["promote"] is True
    assert "there is no champion yet" in checks(result)["overall_drop"]["sentence"]
    assert result.facts["reasons"] == ["all 5 checks of the gate passed"]


def test_a_weak_challenger_is_refused_in_a_sentence(workshop, dataset):
    result = decide(workshop, dataset, workshop.bundle(), accuracy=0.99)
    assert result.facts["decision"] == "refuse"
    assert result.facts["promote"] is False
    assert result.facts["reasons"] == ["accuracy 0.975 is below the gate's 0.99"]


def test_every_failed_threshold_is_named(workshop, dataset):
    result = decide(
        workshop, dataset, workshop.bundle(), macro_f1=0.99, log_loss=0.001, calibration_error=0.001
    )
    words = [reason.split(" is ")[0].rsplit(" ", 1)[0] for reason in result.facts["reasons"]]
    assert words == ["macro F1", "log loss", "calibration error"]


def test_the_champion_itself_is_kept(workshop, dataset):
    bundle = workshop.bundle()
    result = decide(workshop, dataset, bundle, champion=bundle)
    assert result.facts["decision"] == "keep"
    assert result.facts["promote"] is False
    assert "champion already" in result.facts["reasons"][0]


def test_a_kept_champion_that_no_longer_passes_says_so(workshop, dataset):
    bundle = workshop.bundle()
    result = decide(workshop, dataset, bundle, champion=bundle, accuracy=0.99)
    assert result.facts["decision"] == "keep"
    assert result.facts["reasons"][1] == "accuracy 0.975 is below the gate's 0.99"


def test_a_challenger_worse_than_the_champion_is_refused(workshop, dataset, make_weights):
    worse = workshop.bundle(weights=make_weights()[:, [1, 0, 2]])
    result = decide(workshop, dataset, worse, champion=workshop.bundle())
    assert result.facts["decision"] == "refuse"
    assert not checks(result)["overall_drop"]["passed"]
    assert not checks(result)["slice_drop[s]"]["passed"]
    assert "below the champion's 0.975" in result.facts["reasons"][0]


def test_a_champion_of_other_labels_does_not_stand_in_the_way(workshop, dataset):
    result = decide(
        workshop, dataset, workshop.bundle(), champion=workshop.bundle(labels=("bird", "cow"))
    )
    assert result.facts["decision"] == "promote"
    assert "knows other labels" in checks(result)["overall_drop"]["sentence"]


def test_a_bundle_that_does_not_answer_is_refused(workshop, dataset):
    good = workshop.bundle()
    made, output = workshop.run(evaluate, EVALUATION, dataset=dataset, bundle=good)
    folder = good.extract(workshop.folder())
    (folder / "model.onnx").write_bytes(b"\x08\x09 no graph")
    mute = workshop.publish("bundle", folder)
    facts = {**made.facts, "bundle": mute.ref.digest}
    evaluation = workshop.keep(replace(made, facts=facts), output)
    result, _ = workshop.run(gate, dump(), evaluation=evaluation, bundle=mute, dataset=dataset)
    assert result.facts["decision"] == "refuse"
    assert "the bundle does not answer" in result.facts["reasons"][0]
    assert result.metrics == {}


def test_an_evaluation_of_another_bundle_is_an_error(workshop, dataset, make_weights):
    made = workshop.run(evaluate, EVALUATION, dataset=dataset, bundle=workshop.bundle())
    other = workshop.bundle(weights=make_weights() * 2)
    other.manifest.facts["other"] = True
    with pytest.raises(DataError, match="evaluation is of another bundle"):
        workshop.run(gate, dump(), evaluation=workshop.keep(*made), bundle=other, dataset=dataset)


def test_facts_repeat_though_times_do_not(workshop, dataset):
    bundle = workshop.bundle()
    first, second = (decide(workshop, dataset, bundle) for _ in range(2))
    assert canonical_json(first.facts) == canonical_json(second.facts)
    assert first.metrics["latency_ms"] > 0


def test_a_slow_bundle_is_refused_with_the_limit(workshop, dataset):
    ticks = itertools.count(step=0.25)
    found, latency = answer_checks(workshop.bundle(), dataset, 100, clock=lambda: next(ticks))
    assert latency == 250
    assert not found[-1].passed
    assert found[-1].sentence == "the bundle answers one record in more than 100 ms (median)"


def facts(ours=0.9, theirs=0.9, rows=100, slices=None):
    pairs = slices or {"s": (ours, theirs, rows)}
    return {
        "metrics": {"accuracy": {"value": ours}},
        "slices": {n: {"rows": r, "accuracy": {"value": o}} for n, (o, _, r) in pairs.items()},
        "baseline": {"metrics": {"accuracy": theirs}},
        "champion": {
            "comparable": True,
            "metrics": {"accuracy": theirs},
            "slices": {n: {"rows": r, "accuracy": {"value": t}} for n, (_, t, r) in pairs.items()},
        },
    }


@pytest.mark.parametrize(("ours", "passed"), [(0.88, True), (0.8799, False), (0.95, True)])
def test_the_limit_itself_passes(ours, passed):
    found = champion_checks(Gate(overall_drop=0.02), facts(ours, 0.9))
    assert found[0].passed is passed


def test_one_bad_slice_is_enough():
    slices = {"good": (0.99, 0.9, 100), "bad": (0.8, 0.9, 100)}
    found = champion_checks(Gate(slice_drop=0.05), facts(0.95, 0.9, slices=slices))
    assert [check.name for check in found if not check.passed] == ["slice_drop[bad]"]
    assert found[2].sentence == (
        "accuracy on slice bad 0.8 is 0.1 below the champion's 0.9, more than the gate's 0.05"
    )


def test_a_tiny_slice_is_not_judged_and_says_so():
    found = champion_checks(Gate(), facts(slices={"tiny": (0.0, 1.0, 29)}))
    assert found[1].passed
    assert "29 records, too few to judge" in found[1].sentence


@pytest.mark.parametrize(("ours", "passed"), [(0.9, True), (0.91, True), (0.89, False)])
def test_the_baseline_must_be_reached_where_asked(ours, passed):
    (check,) = threshold_checks(Gate(beat_baseline=True), facts(ours, 0.9))
    assert check.passed is passed


def test_a_missing_baseline_cannot_be_beaten():
    (check,) = threshold_checks(Gate(beat_baseline=True), {**facts(), "baseline": None})
    assert not check.passed


def test_figures_that_differ_look_different():
    assert figures(0.9811, 0.99) == ("0.9811", "0.99")
    assert figures(0.98999, 0.99) == ("0.98999", "0.99")
    assert figures(0.1 + 0.2, 0.3) == ("0.30000000000000004", "0.3")


@pytest.mark.parametrize("kind", [IntegrityError, TransientError])
def test_a_failure_of_the_store_is_no_refusal(workshop, dataset, monkeypatch, kind):
    def fail(artifact):
        raise kind("the store failed")

    monkeypatch.setattr("millrace.learning.gating.answers.Bundle.open", fail)
    with pytest.raises(kind, match="the store failed"):
        answer_checks(workshop.bundle(), dataset, 100)
