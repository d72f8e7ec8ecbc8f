"""The stage `explain`: every mistake up to a limit, what its checks allow, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from millrace.artifacts.digests import digest_value
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.artifacts.tables import read_schema, read_table, write_table
from millrace.errors import DataError, SpecError
from millrace.learning.evaluation.examples import Asked
from millrace.learning.pictures.explained import (
    CAM,
    EXPLAINED,
    GRADIENTS,
    Check,
    Explanations,
    Method,
    map_file,
)

pytestmark = pytest.mark.tensorflow

ASKED = {"errors": 5, "sample": 3, "seed": 7}


def kept(folder, name, facts=None):
    """Return the artifact that a stage's folder becomes."""
    store = Store((folder.parent / "kept").as_uri())
    files = {p.relative_to(folder).as_posix(): store.put(p) for p in folder.rglob("*.*")}
    return store.publish(Manifest(name, digest_value([name, *files]), files, facts or {}))


@pytest.fixture(scope="module")
def evaluated(trained, tmp_path_factory):
    """A data set, its bundle, and the evaluation: nine predictions of the bundle made mistakes."""
    from millrace.learning.bundle import Bundle
    from millrace.learning.predictions import predict_table

    dataset, run, result = trained
    bundle = kept(run.context.output, "bundle", result.facts)
    (table,) = predict_table(Bundle.open(bundle), dataset.path("test.parquet"))
    said = table["predicted"].to_pylist()
    wrong = [name if row >= 9 else _other(name) for row, name in enumerate(said)]
    place = table.schema.get_field_index("label")
    table = table.set_column(place, table.schema.field("label"), [wrong])
    folder = tmp_path_factory.mktemp("evaluated") / "output"
    folder.mkdir()
    write_table(folder / "predictions.parquet", table.schema, [table])
    return dataset, bundle, kept(folder, "evaluation", {"bundle": bundle.ref.digest})


def _other(label):
    return "left" if label != "left" else "right"


@pytest.fixture
def explain(evaluated, stage):
    """Return a function that runs the stage; gives its result, its folder and what it reported."""
    from millrace.learning import explain

    def make(asked=None, name="job", modality="image", **inputs):
        dataset, bundle, evaluation = evaluated
        params = {"modality": modality, "explain": ASKED | (asked or {})}
        run = stage(dataset, params, name)
        given = {"dataset": dataset, "bundle": bundle, "evaluation": evaluation, **inputs}
        context = replace(run.context, inputs={role: [one] for role, one in given.items()})
        return explain.run(context), context.output, run.reports

    return make


@pytest.fixture
def judged(evaluated, tmp_path):
    """Return a function to the bundle with other checks of its methods, or without any."""
    _, bundle, evaluation = evaluated

    def make(**methods):
        folder = tmp_path / "judged" / "output"
        folder.mkdir(parents=True)
        for name in bundle.manifest.files:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(bundle.path(name).read_bytes())
        if methods:
            replace(Explanations.read(bundle), **methods).write(folder)
        else:
            (folder / EXPLAINED).unlink()
        changed = kept(folder, "bundle")
        (folder / "predictions.parquet").write_bytes(
            evaluation.path("predictions.parquet").read_bytes()
        )
        facts = {"bundle": changed.ref.digest}
        return {"bundle": changed, "evaluation": kept(folder, "evaluation", facts)}

    return make


def read(folder):
    return Explanations.read(kept(folder, "explanations"))


def test_the_most_confident_mistakes_come_first_and_what_is_left_out_is_said(explain, evaluated):
    result, folder, reports = explain()
    found, (table,) = read(folder), read_table(evaluated[2].path("predictions.parquet"))
    confidence = table["probability"].to_numpy()[:9]
    assert [one.row for one in found.records[:5]] == np.argsort(-confidence)[:5].tolist()
    assert [one.label != one.predicted for one in found.records] == [True] * 5 + [False] * 3
    ids = table["record_id"].to_pylist()
    assert [one.record_id for one in found.records] == [ids[one.row] for one in found.records]
    assert (result.facts["mistakes"], result.facts["left_out"], result.rows) == (9, 4, 8)
    assert result.facts["sentences"][0] == (
        "Of 60 test records, 5 of 9 mistakes are explained, the most confident; 4 were left out; "
        "and 3 of 51 right answers, drawn at random."
    )
    assert reports[-1] == {"record": 8, "records": 8}
    drawn = {path.name for path in (folder / "plots").iterdir()}
    assert drawn == {"explained_errors.png", "explained_sample.png"}


def test_the_maps_are_of_the_predicted_class_and_add_up(explain):
    _, folder, _ = explain()
    found = read(folder)
    assert found.gradients.refused is None
    errors = [one.error for one in found.records]
    assert found.gradients.error == pytest.approx(np.median(errors), abs=1e-6)
    places = {"left": slice(0, 2), "middle": slice(3, 5), "right": slice(6, 8)}
    for one, values in zip(found.records, found.maps["gradients"], strict=True):
        assert one.error < 0.1
        square = values[2:6, places[one.predicted]].sum()  # the bright one; of an eighth
        assert square > 0.3 * values.sum() > 0


def test_the_same_is_made_whenever_it_is_repeated(explain):
    folders = [explain(name=name)[1] for name in ("one", "two")]
    for name in (EXPLAINED, map_file("gradients"), "plots/explained_errors.png"):
        assert len({(folder / name).read_bytes() for folder in folders}) == 1


def test_another_seed_draws_other_right_answers(explain):
    drawn = [
        {one.row for one in read(explain({"seed": seed}, f"seed{seed}")[1]).records[5:]}
        for seed in (1, 2)
    ]
    assert drawn[0] != drawn[1]


def test_a_method_that_failed_its_check_is_neither_made_nor_drawn(explain, judged, monkeypatch):
    from millrace.learning.pictures.attributions import Attributions

    def unexpected(*_):
        raise AssertionError("made")

    monkeypatch.setattr(Attributions, "cam", unexpected)
    failed = Method(CAM, (Check("weights", 4, 0.93),))
    result, folder, _ = explain(**judged(cam=failed))
    assert set(read(folder).maps) == {"gradients"}
    assert result.facts["sentences"][1] == failed.sentence()
    assert "its maps stay the same" in failed.sentence()


def test_where_all_methods_failed_nothing_is_drawn_and_the_report_says_why(explain, judged):
    failed = {"cam": Method(CAM, problem="flat"), "gradients": Method(GRADIENTS, error=0.4)}
    result, folder, _ = explain(**judged(**failed))
    assert not list((folder / "plots").iterdir())
    assert [one.refused for one in failed.values()] == [
        sentence.removesuffix(".") for sentence in result.facts["sentences"][1:]
    ]


def test_without_checks_nothing_is_shown(explain, judged):
    result, folder, _ = explain(**judged())
    assert not list((folder / "plots").iterdir())
    assert all("sanity checks were not made" in one for one in result.facts["sentences"][1:])


def test_gradients_that_do_not_add_up_on_test_records_are_refused(explain, monkeypatch):
    from millrace.learning.pictures.attributions import Attributions

    real = Attributions.gradients
    monkeypatch.setattr(Attributions, "gradients", lambda *given: (real(*given)[0], 0.25))
    result, folder, _ = explain()
    assert set(read(folder).maps) == {"cam"}
    assert "the maps leave out 25% of the score" in result.facts["sentences"][2]


def test_single_maps_that_cannot_be_believed_are_not_drawn_and_counted(explain, monkeypatch):
    from millrace.learning.pictures.attributions import Attributions

    real, bad = Attributions.gradients, iter([float("nan"), 0.4])
    monkeypatch.setattr(
        Attributions, "gradients", lambda *given: (real(*given)[0], next(bad, 0.01))
    )
    result, folder, _ = explain()
    found = read(folder)
    assert [found.believed("gradients", i) for i in range(8)] == [False, False, *[True] * 6]
    assert result.facts["sentences"][3].startswith(
        "Integrated gradients: 2 of 8 maps are not drawn"
    )
    json.loads((folder / EXPLAINED).read_bytes())


def test_a_network_of_unknown_classes_is_no_failure(explain, monkeypatch):
    from millrace.learning.framework import keras

    def unknown(*_, **__):
        raise TypeError("Could not locate class 'Own'")

    monkeypatch.setattr(keras.models, "load_model", unknown)
    result, folder, _ = explain()
    assert not read(folder).maps
    assert all(
        "cannot be read back from model.keras (TypeError)" in one
        for one in result.facts["sentences"][1:]
    )


def test_without_mistakes_there_is_a_sample_alone(explain, evaluated, tmp_path):
    _, bundle, evaluation = evaluated
    (table,) = read_table(evaluation.path("predictions.parquet"))
    place = table.schema.get_field_index("label")
    right = table.set_column(place, table.schema.field("label"), table["predicted"])
    folder = tmp_path / "right" / "output"
    folder.mkdir(parents=True)
    path = folder / "predictions.parquet"
    write_table(path, read_schema(evaluation.path("predictions.parquet")), [right])
    given = kept(folder, "evaluation", {"bundle": bundle.ref.digest})
    result, made, _ = explain(evaluation=given)
    assert [path.name for path in (made / "plots").iterdir()] == ["explained_sample.png"]
    assert "0 of 0 mistakes" in result.facts["sentences"][0]


def test_another_bundles_evaluation_and_contents_without_maps_are_refused(explain, evaluated):
    other = kept(evaluated[1].path("bundle.json").parent, "evaluation", {"bundle": "e" * 64})
    with pytest.raises(DataError, match="another bundle"):
        explain(evaluation=other)
    with pytest.raises(SpecError, match="cannot be explained"):
        explain(modality="text")


def test_a_sample_larger_than_the_rest_is_all_of_it():
    class Few:
        correct = np.array([True, False, True])
        confidence = np.array([0.9, 0.8, 0.7])

        def __len__(self):
            return 3

    asked = Asked.of(Few(), errors=48, sample=12, seed=0)
    assert (asked.mistakes, asked.sample) == ([1], [0, 2])
    assert "1 of 1 mistakes are explained; and 2 of 2 right answers" in asked.sentence()
