"""What a spec may say of tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from millrace.workflow.loader import load_file
from millrace.workflow.models import model_of
from millrace.workflow.table_models import (
    CustomTableModel,
    Features,
    Outliers,
    TableBaseline,
    TableMlpModel,
)
from millrace.workflow.tables import TableAugmentation, TableCleaning, TableTransform
from millrace.workflow.tasks import parse

NUMERIC = {"kind": "numeric"}
FOLDER = Path(__file__).parents[2] / "include" / "workflows"


def spec(**values: Any) -> dict[str, Any]:
    source = {"name": "a", "kind": "delimited", "uri": "a.csv", "label": "y"}
    return {
        "version": 1,
        "name": "made",
        "task": "tabular_classification",
        "sources": [source],
        "transform": {"columns": {"x": NUMERIC}},
        "model": {"kind": "table_mlp"},
    } | values


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (TableTransform, {"columns": {}}),
        (TableTransform, {"columns": {"": NUMERIC}}),
        (TableTransform, {"columns": {"x": {"kind": "date"}}}),
        (TableTransform, {"columns": {"x": {**NUMERIC, "low": 2, "high": 1}}}),
        (TableTransform, {"columns": {"x": {**NUMERIC, "low": float("nan")}}}),
        (TableTransform, {"columns": {"x": {**NUMERIC, "missing": "most_frequent"}}}),
        (TableTransform, {"columns": {"x": {"kind": "category", "categories": []}}}),
        (TableTransform, {"columns": {"x": {"kind": "category", "categories": ["a", "a"]}}}),
        (TableTransform, {"columns": {"x": {"kind": "category", "categories": [1]}}}),
        (
            TableTransform,
            {"columns": {"x": {"kind": "category", "missing": "most_frequent", "places": 9}}},
        ),
        (TableCleaning, {"near_duplicates": "group"}),
        (TableCleaning, {"duplicates": "exact"}),
        (TableCleaning, {"budget": {"blank": 0.1}}),
        (TableAugmentation, {"noise": 1.5}),
        (Features, {"scale": "log"}),
        (Outliers, {"rule": "iqr", "reach": 0}),
        (TableBaseline, {"kind": "svm"}),
    ],
)
def test_what_means_nothing_is_refused(kind: Any, values: Any) -> None:
    with pytest.raises(ValidationError):
        kind(**values)


def test_every_reason_can_have_a_budget() -> None:
    assert TableCleaning(budget=dict.fromkeys(TableCleaning.reasons, 0.5)).budget


def test_a_label_is_no_column() -> None:
    with pytest.raises(ValidationError, match="'y' is the label of the source a"):
        parse(spec(transform={"columns": {"y": NUMERIC}}))


def test_a_network_of_pictures_is_no_network_of_tables() -> None:
    with pytest.raises(ValidationError, match="table_mlp"):
        parse(spec(model={"kind": "cnn"}))


def test_cleaning_knows_the_columns() -> None:
    cleaning = parse(spec()).cleaning()
    assert cleaning["modality"] == "table"
    assert cleaning["columns"]["x"]["missing"] == "refuse"
    assert "NaN" in cleaning["missing_words"]


def test_models_of_tables_are_found_by_what_they_say() -> None:
    for kind, found in (("table_mlp", TableMlpModel), ("mine.nets:build", CustomTableModel)):
        model = parse(spec(model={"kind": kind})).model
        assert type(model) is found
        assert model_of(model.model_dump(mode="json")) == model


def test_a_spec_round_trips_as_json() -> None:
    made = parse(spec())
    assert parse(made.model_dump(mode="json")) == made


def test_the_shipped_table_is_described_whole() -> None:
    from millrace.data.sources.sklearn_tables import TABLES

    shipped = load_file(FOLDER / "breast_cancer.yaml")
    assert set(shipped.transform.columns) == set(TABLES["breast_cancer"].columns)
