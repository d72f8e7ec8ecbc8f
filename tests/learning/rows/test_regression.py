"""Numbers learnt from tables: all forms of a bundle answer in the target's unit, within limits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.errors import DataError
from millrace.learning import baseline, choose, evaluate, gate, predict
from millrace.learning.bundle import Bundle
from millrace.learning.evaluation.estimates import numbers_of
from millrace.learning.target_quantity import QuantityTarget
from millrace.workflow.quantity import Quantity
from millrace.workflow.quantity_learning import QuantityBaseline, QuantityGate
from millrace.workflow.stage import StageContext, StageResult

NUMBERS = [[40.0, 1e9], [np.nan, np.nan], [1e300, -1e300], [-0.0, 1e9 + 50], [np.inf, -np.inf]]
CATEGORIES = [["red", "Ulm"], [None, None], ["pink", "北京"], ["blue", "Ulm"], ["green", "Köln"]]
PLAIN: dict[str, Any] = {"unit": "EUR", "low": None, "high": None, "transform": "none"}


class Stages:
    """Runs stages in a folder and keeps what they make."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made = folder, 0
        self.store = Store((folder / "kept").as_uri())

    def __call__(self, stage: Any, params: Mapping[str, Any], **inputs: Any) -> Any:
        self.made += 1
        output = self.folder / f"output-{self.made}"
        scratch = self.folder / f"scratch-{self.made}"
        for path in (output, scratch):
            path.mkdir()
        lists = {k: v if isinstance(v, list) else [v] for k, v in inputs.items()}
        nothing: Any = None
        context = StageContext(
            params={"modality": "table", **params},
            locations={},
            inputs=lists,
            output=output,
            scratch=scratch,
            checkpoints=nothing,
            report=lambda event: None,
        )
        result = stage.run(context)
        return self.keep(output, result), result

    def keep(self, output: Path, result: StageResult) -> Artifact:
        names = [p for p in sorted(output.rglob("*")) if p.is_file()]
        files = {p.relative_to(output).as_posix(): self.store.put(p) for p in names}
        key = f"{self.made:064x}"
        return self.store.publish(Manifest(result.kind, key, files, result.facts))


@pytest.fixture
def stages(tmp_path: Path) -> Stages:
    folder = tmp_path / "stages"
    folder.mkdir()
    return Stages(folder)


def fitted(kind: str, target: Mapping[str, Any], *, export: bool = True) -> dict[str, Any]:
    told = {k: v for k, v in target.items() if k != "scale"}
    values = QuantityBaseline(kind=kind).model_dump(mode="json", exclude={"candidate"})
    return {"baseline": values, "target": told} | ({"export": True} if export else {})


def r2(bundle: Bundle, records: pa.Table) -> float:
    truth = numbers_of(records["label"], "test")
    errors = bundle.predict_records(records) - truth
    return float(1 - (errors**2).sum() / ((truth - truth.mean()) ** 2).sum())


def test_a_target_without_spread_cannot_be_learnt(number_dataset: Any) -> None:
    dataset = number_dataset({**PLAIN, "scale": 0})
    with pytest.raises(DataError, match="every training record has the same label"):
        QuantityTarget.learn(dataset, {"target": PLAIN})


@pytest.mark.parametrize("label", [None, "nan", "dear"])
def test_a_label_that_is_no_number_is_named(label: str | None) -> None:
    column = pa.chunked_array([["1", label]], pa.string())
    with pytest.raises(DataError, match="train split"):
        QuantityTarget(Quantity(), 0, 1).values(column, "train split")


@pytest.mark.parametrize("size", [1e-90, 1.0, 1.7e9, 1e100])
@pytest.mark.parametrize("transform", ["none", "log"])
def test_standardising_is_undone(size: float, transform: str) -> None:
    numbers = np.array([0.25, 0.5, 1.0]) * size
    quantity = Quantity(transform=transform)
    scale = size if transform == "none" else 3.0
    target = QuantityTarget(quantity, 0.1 * scale, scale)
    np.testing.assert_allclose(target.answered(target.standardised(numbers)), numbers, rtol=1e-12)


def test_answers_stay_within_the_limits() -> None:
    far = np.array([-1e30, 0, 1e30], np.float32)
    target = QuantityTarget(Quantity(low=2, high=9), 5, 1)
    assert target.answered(far).tolist() == [2, 5, 9]
    logarithm = QuantityTarget(Quantity(transform="log"), 0, 1)
    assert logarithm.answered(far).tolist() == [0, 1, 1e100]


@pytest.mark.parametrize("kind", ["gradient_boosting", "ridge"])
@pytest.mark.parametrize(
    "target",
    [
        PLAIN,
        {**PLAIN, "transform": "log"},
        {**PLAIN, "low": 450, "high": 600},
        {**PLAIN, "scale": 1e97},
        {**PLAIN, "scale": 1e-97},
    ],
    ids=["plain", "log", "limits", "huge", "tiny"],
)
def test_a_baseline_becomes_a_bundle_that_answers_as_it_does(
    stages: Stages, number_dataset: Any, rows: Any, kind: str, target: dict[str, Any]
) -> None:
    dataset = number_dataset(target)
    made, result = stages(baseline, fitted(kind, target), dataset=dataset)
    bundle = Bundle.open(made)
    records = pa.parquet.read_table(dataset.path("test.parquet"))
    assert r2(bundle, records) > 0.5
    assert result.facts["format"] == 3
    predictions = pa.parquet.read_table(made.path("predictions.parquet"))
    np.testing.assert_array_equal(predictions["value"], bundle.predict_records(records))
    columns = dataset.facts["transform"]["columns"]
    hostile = bundle.predict_records(rows(NUMBERS, CATEGORIES, columns))
    assert np.isfinite(hostile).all()


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("target", "loss"),
    [(PLAIN, "huber"), ({**PLAIN, "transform": "log"}, "mse"), ({**PLAIN, "scale": 1e97}, "huber")],
    ids=["huber", "log", "huge"],
)
def test_all_forms_of_a_network_answer_alike(
    train_numbers: Any, rows: Any, tmp_path: Path, target: dict[str, Any], loss: str
) -> None:
    from millrace.learning.framework import tf

    dataset, artifact, result = train_numbers(target, loss=loss, epochs=40)
    bundle = Bundle.open(artifact)
    records = pa.parquet.read_table(dataset.path("test.parquet"))
    assert r2(bundle, records) > 0.5
    assert set(result.metrics) >= {"validation_loss", "validation_r2"}
    assert bundle.document["target"]["unit"] == "EUR"
    assert set(bundle.document["reference"]["values"]) >= {"low", "median", "high"}
    for name in artifact.manifest.files:
        if name.startswith("saved_model/"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(artifact.path(name).read_bytes())
    signatures = tf.saved_model.load(str(tmp_path / "saved_model")).signatures
    columns = dataset.facts["transform"]["columns"]
    expected = bundle.predict_records(rows(NUMBERS, CATEGORIES, columns))
    words = [[word or "" for word in pair] for pair in CATEGORIES]
    answer = signatures["serve_row"](
        numbers=tf.constant(NUMBERS, tf.float64), categories=tf.constant(words)
    )
    assert set(answer) == {"value"}
    np.testing.assert_allclose(answer["value"].numpy(), expected, rtol=1e-5)


def test_a_network_and_baselines_are_judged_and_compared(
    stages: Stages, number_dataset: Any
) -> None:
    dataset = number_dataset(PLAIN)
    linear, _ = stages(baseline, fitted("ridge", PLAIN), dataset=dataset)
    trees, _ = stages(baseline, fitted("gradient_boosting", PLAIN), dataset=dataset)
    params = {"bootstrap": 100, "seed": 7, "by": "rmse"}
    judged, result = stages(
        evaluate, params, dataset=dataset, bundle=trees, baseline=linear, champion=linear
    )
    figures = result.facts["metrics"]
    assert figures["r2"]["low"] <= figures["r2"]["value"] <= figures["r2"]["high"]
    assert result.facts["unit"] == "EUR"
    assert result.metrics["mae[made]"] == figures["mae"]["value"]
    gained = result.facts["champion"]["rmse_gain"]
    theirs = result.facts["champion"]["metrics"]["rmse"]
    assert gained["value"] == pytest.approx(figures["rmse"]["value"] - theirs)
    assert gained["low"] <= gained["value"] <= gained["high"]
    best = min(figures["rmse"]["value"], theirs)
    assert (result.facts["verdict"] is None) == (best == figures["rmse"]["value"])
    plots = {name for name in judged.manifest.files if name.startswith("plots/")}
    assert plots >= {"plots/predicted.png", "plots/residuals.png", "plots/worst.png"}
    limits = QuantityGate(rmse=best / 2, beat_baseline=True).model_dump(mode="json")
    _, decided = stages(gate, {"gate": limits}, evaluation=judged, bundle=trees, dataset=dataset)
    assert decided.facts["decision"] == "refuse"
    assert "RMSE" in decided.facts["reasons"][0]
    assert "is above the gate's" in decided.facts["reasons"][0]


def test_the_candidate_with_the_least_error_is_chosen(stages: Stages, number_dataset: Any) -> None:
    dataset = number_dataset(PLAIN)
    kinds = ["ridge", "gradient_boosting"]
    made = [stages(baseline, fitted(kind, PLAIN), dataset=dataset)[0] for kind in kinds]
    params = {"candidates": kinds, "by": "mae", "goal": False}
    _, result = stages(choose, params, dataset=dataset, bundle=made)
    errors = {one["name"]: one["metrics"]["mae"] for one in result.facts["candidates"]}
    assert result.facts["chosen"] == min(errors, key=lambda name: errors[name])
    assert "is the best candidate: mean absolute error" in result.facts["sentence"]


def test_records_without_a_label_are_predicted(stages: Stages, number_dataset: Any) -> None:
    dataset = number_dataset(PLAIN)
    bundle, _ = stages(baseline, fitted("ridge", PLAIN), dataset=dataset)
    made, result = stages(predict, {"file": "test.parquet"}, records=dataset, bundle=bundle)
    table = pa.parquet.read_table(made.path("predictions.parquet"))
    assert [float(text) for text in table["predicted"].to_pylist()] == table["value"].to_pylist()
    assert result.facts["predicted"]["low"] == min(table["value"].to_pylist())
    assert table.schema.field("value").metadata == {b"millrace.unit": b"EUR"}
