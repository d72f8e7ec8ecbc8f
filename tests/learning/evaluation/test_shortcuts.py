"""What facts without content reach, and what is said of it beside the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from millrace.learning import evaluate, gate, shortcuts
from millrace.learning.evaluation.area import area
from millrace.workflow.learning import Gate

EVALUATION = {"modality": "image", "bootstrap": 20, "seed": 7}
ROWS = 120


def facts(classes: Any, labels: Any, **columns: Any) -> pa.Table:
    rows = len(classes)
    values: dict[str, Any] = {
        "record_id": [f"s/{n:06}" for n in range(rows)],
        "source": ["s"] * rows,
        "position": range(rows),
        "label": [labels[c] for c in classes],
        "group": pa.array(range(rows), pa.uint64()),
    }
    for name in ("file_bytes", "bytes_per_pixel", "width", "height", "channels", "border_grey"):
        values[name] = pa.array([8.0] * rows, pa.float64())
    values["format"] = ["PNG L"] * rows
    values["header"] = pa.array([[]] * rows, pa.list_(pa.string()))
    return pa.table(values | columns)


def scored(workshop: Any, table: pa.Table, folds: int = 4) -> Any:
    dataset = workshop.dataset(facts=table)
    shared = pa.table({"record_id": table["record_id"], "fold": np.arange(ROWS) % (folds or 1) + 1})
    folder = workshop.folder()
    pa.parquet.write_table(shared, folder / "folds.parquet")
    reason = None if folds else "too few groups for folds: bird 1"
    made = workshop.publish("folds", folder, {"folds": folds, "reason": reason})
    return workshop.run(shortcuts, {"seed": 7}, dataset=dataset, folds=made)


def drawn() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 3, ROWS)


def labels() -> tuple[str, ...]:
    return ("bird", "cat", "dog")


def test_a_width_that_gives_the_class_away_is_found(workshop: Any) -> None:
    classes = drawn()
    table = facts(classes, labels(), width=pa.array(100.0 + classes, pa.float64()))
    result, _ = scored(workshop, table)
    assert result.facts["metrics"]["roc_auc"]["mean"] == pytest.approx(1.0)
    assert result.facts["facts"] == ["width", "aspect_ratio"]
    assert "AUC 1.000" in result.facts["sentence"]


def test_facts_of_noise_reach_no_more_than_chance(workshop: Any) -> None:
    noise = pa.array(np.random.default_rng(1).random(ROWS))
    result, _ = scored(workshop, facts(drawn(), labels(), border_grey=noise))
    assert 0.3 < result.facts["metrics"]["roc_auc"]["mean"] < 0.7


def test_the_place_in_the_source_is_no_feature_but_is_told(workshop: Any) -> None:
    noise = pa.array(np.random.default_rng(1).random(ROWS))
    result, _ = scored(workshop, facts(np.sort(drawn()), labels(), border_grey=noise))
    assert result.facts["position"]["accuracy"]["mean"] > 0.9
    assert result.facts["metrics"]["roc_auc"]["mean"] < 0.7
    assert "position" not in result.facts["facts"]


def test_equal_facts_tell_nothing(workshop: Any) -> None:
    result, _ = scored(workshop, facts(drawn(), labels()))
    assert result.facts["sentence"].startswith("Facts without content are the same")


def test_too_few_groups_are_said_and_are_no_error(workshop: Any) -> None:
    noise = pa.array(np.random.default_rng(1).random(ROWS))
    result, _ = scored(workshop, facts(drawn(), labels(), border_grey=noise), folds=0)
    assert "not known: too few groups" in result.facts["sentence"]


def test_a_model_no_better_than_facts_is_warned_of_and_can_be_refused(
    workshop: Any, make_records: Any
) -> None:
    classes = drawn()
    table = facts(classes, labels(), width=pa.array(100.0 + classes, pa.float64()))
    short = workshop.keep(*scored(workshop, table))
    dataset = workshop.dataset(test=make_records([0] * 40, ["cat"] * 20 + ["bird"] * 20))
    bundle = workshop.bundle()
    made = workshop.run(evaluate, EVALUATION, dataset=dataset, bundle=bundle, shortcuts=short)
    evaluation = workshop.keep(*made)
    assert "the model reaches accuracy 0.500" in evaluation.facts["shortcuts"]["sentence"]
    assert evaluation.facts["warnings"] == [
        "facts without content do as well as the model: see shortcuts"
    ]
    for asked, decision in (("warn", "promote"), ("refuse", "refuse")):
        params = {"modality": "image", "gate": Gate(leakage=asked).model_dump(mode="json")}
        judged = workshop.run(gate, params, evaluation=evaluation, bundle=bundle, dataset=dataset)[
            0
        ]
        assert judged.facts["decision"] == decision


def test_area_of_two_classes_is_that_of_the_second() -> None:
    truth = np.array([0, 0, 1, 1], np.int32)
    score = np.array([0.1, 0.4, 0.35, 0.8])
    assert area(truth, np.stack([1 - score, score], axis=1)) == pytest.approx(0.75)


def test_area_of_a_single_class_is_unknown() -> None:
    assert area(np.zeros(3, np.int32), np.full((3, 2), 0.5)) is None


def test_weights_to_start_with_are_warned_of_since_they_may_have_seen_test_records(
    workshop: Any, make_records: Any
) -> None:
    dataset = workshop.dataset(test=make_records([0] * 40))
    bundle = workshop.bundle(start={"sha256": "ab" * 32})
    made = workshop.run(evaluate, EVALUATION, dataset=dataset, bundle=bundle)
    evaluation = workshop.keep(*made)
    assert "began with the weights of the file abababababab" in evaluation.facts["warnings"][0]
    params = {"modality": "image", "gate": Gate(leakage="refuse").model_dump(mode="json")}
    judged = workshop.run(gate, params, evaluation=evaluation, bundle=bundle, dataset=dataset)[0]
    assert judged.facts["decision"] == "refuse"
