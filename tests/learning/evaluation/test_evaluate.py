"""Tests of the stage `evaluate`: honest figures, comparisons, and refusals."""

import json
import math

import pyarrow as pa
import pytest

from millrace.artifacts.digests import canonical_json
from millrace.artifacts.tables import read_table, write_table
from millrace.errors import DataError
from millrace.learning import evaluate

PARAMS = {"modality": "image", "bootstrap": 100, "seed": 7}
SEEN = [0, 1, 2, 2]
TRUE = ["bird", "cat", "dog", "cat"]  # the last one is mistaken for a dog


@pytest.fixture
def dataset(workshop, make_records):
    table = make_records(SEEN, TRUE, ["east", "east", "west", "west"])
    return workshop.dataset(test=table, train=make_records([0, 1, 2]))


def baseline(workshop, dataset, bundle, keep=slice(None)):
    _, folder = workshop.run(evaluate, PARAMS, dataset=dataset, bundle=bundle)
    table = pa.concat_tables(read_table(folder / "predictions.parquet"))[keep]
    place = workshop.folder()
    write_table(place / "predictions.parquet", table.schema, [table])
    return workshop.publish("baseline", place, {"kind": "svm"})


def test_facts_hold_the_figures_of_the_test_split(workshop, dataset):
    bundle = workshop.bundle()
    result, _ = workshop.run(evaluate, PARAMS, dataset=dataset, bundle=bundle)
    facts = result.facts
    assert (result.rows, facts["rows"]) == (4, 4)
    assert facts["metrics"]["accuracy"]["value"] == 0.75
    assert facts["metrics"]["accuracy"]["low"] <= 0.75 <= facts["metrics"]["accuracy"]["high"]
    assert facts["slices"]["west"]["accuracy"]["value"] == 0.5
    assert facts["bundle"] == bundle.ref.digest
    assert facts["baseline"] is facts["champion"] is facts["champion_bundle"] is None


def test_the_report_adds_classes_confusion_and_calibration(workshop, dataset):
    result, folder = workshop.run(evaluate, PARAMS, dataset=dataset, bundle=workshop.bundle())
    report = json.loads((folder / "report.json").read_text())
    assert report["format"] == 1
    assert report["confusion"] == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    assert report["classes"]["cat"]["recall"] == 0.5
    assert sum(report["calibration"]["rows"]) == 4
    assert {name: report[name] for name in result.facts} == json.loads(canonical_json(result.facts))


def test_equal_requests_give_equal_files_and_facts(workshop, dataset):
    bundle = workshop.bundle(history=[{"loss": 1.0, "validation_loss": 0.9}])
    runs = [workshop.run(evaluate, PARAMS, dataset=dataset, bundle=bundle) for _ in range(2)]
    (first, one), (second, two) = runs
    assert canonical_json(first.facts) == canonical_json(second.facts)
    names = sorted(p.relative_to(one) for p in one.rglob("*") if p.is_file())
    assert names
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in names)


def test_the_catalog_gets_flat_finite_figures(workshop, dataset):
    bundle = workshop.bundle()
    result, _ = workshop.run(
        evaluate,
        PARAMS,
        dataset=dataset,
        bundle=bundle,
        baseline=baseline(workshop, dataset, bundle),
        champion=bundle,
    )
    assert all(math.isfinite(value) for value in result.metrics.values())
    assert result.metrics["accuracy"] == result.metrics["baseline_accuracy"] == 0.75
    assert result.metrics["champion_accuracy"] == 0.75
    assert result.metrics["accuracy[west]"] == 0.5


def test_a_champion_is_scored_on_the_same_records(workshop, dataset, make_weights):
    champion = workshop.bundle(weights=make_weights()[:, [0, 2, 1]])
    result, _ = workshop.run(
        evaluate, PARAMS, dataset=dataset, bundle=workshop.bundle(), champion=champion
    )
    assert result.facts["champion"]["comparable"]
    assert result.facts["champion"]["metrics"]["accuracy"] == 0.5
    assert result.facts["champion"]["accuracy_gain"]["value"] == 0.25
    assert result.facts["champion"]["slices"]["east"]["accuracy"]["value"] == 0.5
    assert result.facts["champion_bundle"] == champion.ref.digest


def test_a_champion_with_its_labels_in_another_order_is_comparable(workshop, dataset, make_weights):
    champion = workshop.bundle(labels=("dog", "cat", "bird"), weights=make_weights()[:, ::-1])
    result, _ = workshop.run(
        evaluate, PARAMS, dataset=dataset, bundle=workshop.bundle(), champion=champion
    )
    assert result.facts["champion"]["metrics"]["accuracy"] == 0.75


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"labels": ("bird", "cat")}, "other labels"),
        ({"shape": (8, 8, 1)}, "'shape': [8, 8, 1]"),
    ],
)
def test_a_champion_of_another_question_is_not_comparable(workshop, dataset, other, reason):
    result, _ = workshop.run(
        evaluate,
        PARAMS,
        dataset=dataset,
        bundle=workshop.bundle(),
        champion=workshop.bundle(**other),
    )
    champion = result.facts["champion"]
    assert not champion["comparable"]
    assert reason in champion["reason"]


@pytest.mark.parametrize("theirs", [None, {"invert": True, "size": [4, 4]}])
def test_a_champion_of_another_transform_is_not_comparable(workshop, dataset, theirs):
    ours = {"invert": False, "size": [4, 4]}
    bundle, champion = workshop.bundle(transform=ours), workshop.bundle(transform=theirs)
    made = workshop.run(evaluate, PARAMS, dataset=dataset, bundle=bundle, champion=champion)
    figures = made[0].facts["champion"]
    assert figures["comparable"] == (theirs is None)
    assert theirs is None or "another transform: invert differ" in figures["reason"]


def test_a_baseline_of_other_records_is_refused(workshop, dataset, make_records):
    bundle = workshop.bundle()
    fewer = baseline(workshop, dataset, bundle, slice(0, 3))
    with pytest.raises(DataError, match="other records than the test split"):
        workshop.run(evaluate, PARAMS, dataset=dataset, bundle=bundle, baseline=fewer)


def test_a_baseline_in_another_order_is_refused(workshop, dataset, make_records):
    bundle = workshop.bundle()
    table = make_records(SEEN[::-1], TRUE[::-1])
    ids = pa.array([f"s/{i:06}" for i in reversed(range(4))])
    other = workshop.dataset(test=table.set_column(0, table.schema.field(0), ids))
    turned = baseline(workshop, other, bundle)
    with pytest.raises(DataError, match="in their order"):
        workshop.run(evaluate, PARAMS, dataset=dataset, bundle=bundle, baseline=turned)


def test_an_empty_test_split_is_refused(workshop, make_records):
    dataset = workshop.dataset(test=make_records([]))
    with pytest.raises(DataError, match="no record to evaluate on"):
        workshop.run(evaluate, PARAMS, dataset=dataset, bundle=workshop.bundle())


def test_a_test_label_that_the_bundle_does_not_know_is_refused(workshop, make_records):
    dataset = workshop.dataset(test=make_records([0, 1], ["bird", "zebra"]))
    with pytest.raises(DataError, match=r"record s/000001: a label is none.*zebra"):
        workshop.run(evaluate, PARAMS, dataset=dataset, bundle=workshop.bundle())


def test_a_test_split_of_another_shape_is_refused(workshop, make_records):
    dataset = workshop.dataset(test=make_records([0], shape=(5, 5, 1)))
    with pytest.raises(DataError, match="records do not fit the model"):
        workshop.run(evaluate, PARAMS, dataset=dataset, bundle=workshop.bundle())


def test_where_the_baseline_wins_it_is_said_plainly(workshop, dataset, make_weights):
    better = baseline(workshop, dataset, workshop.bundle())
    worse = workshop.bundle(weights=make_weights()[:, [0, 2, 1]])
    result, _ = workshop.run(evaluate, PARAMS, dataset=dataset, bundle=worse, baseline=better)
    assert result.facts["verdict"] == "The baseline is better: accuracy 0.75 against 0.5"


def test_where_it_does_not_win_nothing_is_said(workshop, dataset):
    bundle = workshop.bundle()
    equal = baseline(workshop, dataset, bundle)
    result, _ = workshop.run(evaluate, PARAMS, dataset=dataset, bundle=bundle, baseline=equal)
    assert result.facts["verdict"] is None


def test_a_model_that_is_the_baseline_is_called_so(workshop, dataset):
    bundle = workshop.bundle()
    _, folder = workshop.run(evaluate, PARAMS, dataset=dataset, bundle=bundle)
    both = {name: bundle.path(name) for name in bundle.manifest.files}
    place = workshop.folder()
    for name, path in (both | {"predictions.parquet": folder / "predictions.parquet"}).items():
        (place / name).write_bytes(path.read_bytes())
    made = workshop.publish("baseline", place, {"kind": "svm"})
    result, _ = workshop.run(evaluate, PARAMS, dataset=dataset, bundle=made, baseline=made)
    assert result.facts["verdict"].startswith("The baseline won: svm ")
