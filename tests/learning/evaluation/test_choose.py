"""The stage `choose`: the best bundle on the validation split, whatever made it."""

from __future__ import annotations

import numpy as np
import pytest

from millrace.errors import DataError
from millrace.learning import choose


@pytest.fixture
def dataset(workshop, make_records):
    """On the validation split the labels are swapped, so that the test split says otherwise."""
    swapped = make_records([0, 1, 2, 2], ["cat", "bird", "dog", "dog"])
    return workshop.dataset(validation=swapped, test=make_records([0, 1, 2]))


def chosen(workshop, dataset, by="accuracy", *, goal=False, **bundles):
    params = {"modality": "image", "candidates": list(bundles), "by": by, "goal": goal}
    result, _ = workshop.run(choose, params, dataset=dataset, bundle=list(bundles.values()))
    return result


def test_the_best_on_validation_is_chosen_and_all_are_named(workshop, dataset, make_weights):
    swapped = workshop.bundle(make_weights()[:, [1, 0, 2]])
    made = chosen(workshop, dataset, plain=workshop.bundle(), swapped=swapped)
    assert made.facts["chosen"] == "swapped"
    assert made.facts["sentence"] == (
        "swapped is the best candidate: accuracy 1.0000 on the validation split; plain 0.5000"
    )
    assert made.metrics == {"accuracy[plain]": 0.5, "accuracy[swapped]": 1.0}
    assert made.facts["candidates"][1]["bundle"] == swapped.ref.digest


def test_of_equal_ones_the_surer_is_chosen_whatever_the_order(workshop, dataset, make_weights):
    unsure = workshop.bundle(make_weights()[:, [1, 0, 2]] / 10)
    sure = workshop.bundle(make_weights()[:, [1, 0, 2]])
    assert chosen(workshop, dataset, a=unsure, b=sure).facts["chosen"] == "b"
    made = chosen(workshop, dataset, b=sure, a=unsure)
    assert made.facts["chosen"] == "b"
    assert made.facts["sentence"].endswith("; a 1.0000 but no less log loss")


def test_the_first_of_the_same_is_chosen(workshop, dataset):
    bundle = workshop.bundle()
    assert chosen(workshop, dataset, z=bundle, a=bundle).facts["chosen"] == "z"


def test_the_gates_figure_decides(workshop, make_records, make_weights):
    table = make_records([0] * 8 + [1, 2], ["bird"] * 8 + ["cat", "dog"])
    only_bird = np.zeros_like(make_weights())
    only_bird[:, 0] = 6
    blind = make_weights()
    blind[0, 0], blind[0, 1] = 0, 1  # takes birds for cats
    bundles = {"often": workshop.bundle(only_bird), "evenly": workshop.bundle(blind)}
    dataset = workshop.dataset(validation=table)
    assert chosen(workshop, dataset, "accuracy", **bundles).facts["chosen"] == "often"
    assert chosen(workshop, dataset, "macro_f1", **bundles).facts["chosen"] == "evenly"


def decided(workshop, weights, *, reached):
    decision = {"positive": "cat", "threshold": 0.5, "reached": reached}
    return workshop.bundle(weights, labels=["bird", "cat"], decision=decision)


def test_a_missed_goal_counts_more_than_a_better_figure(workshop, make_records, make_weights):
    dataset = workshop.dataset(validation=make_records([0, 1, 1]))
    good, bad = make_weights()[:, :2], make_weights()[:, [1, 0]]
    bundles = {
        "better": decided(workshop, good, reached=False),
        "sound": decided(workshop, bad, reached=True),
    }
    made = chosen(workshop, dataset, goal=True, **bundles)
    assert made.facts["chosen"] == "sound"
    assert made.facts["sentence"].endswith("; better 1.0000 but its goal is missed")
    assert chosen(workshop, dataset, **bundles).facts["chosen"] == "better"


def test_where_all_miss_their_goals_the_best_is_chosen(workshop, make_records, make_weights):
    dataset = workshop.dataset(validation=make_records([0, 1, 1]))
    good, bad = make_weights()[:, :2], make_weights()[:, [1, 0]]
    bundles = {
        name: decided(workshop, weights, reached=False)
        for name, weights in (("bad", bad), ("good", good))
    }
    made = chosen(workshop, dataset, goal=True, **bundles)
    assert made.facts["chosen"] == "good"
    assert "1.0000 on the validation split, although its goal is missed;" in made.facts["sentence"]


def test_an_empty_validation_split_is_refused(workshop, make_records):
    dataset = workshop.dataset(validation=make_records([]))
    with pytest.raises(DataError):
        chosen(workshop, dataset, a=workshop.bundle(), b=workshop.bundle())
