from __future__ import annotations

from typing import Any

import pytest

from millrace.errors import SpecError
from millrace.workflow.params import apply, check_trust, predict_params, run_params
from millrace.workflow.spec import WorkflowSpec
from millrace.workflow.tasks import parse


@pytest.fixture
def spec() -> WorkflowSpec:
    return parse(
        {
            "version": 1,
            "name": "sample",
            "task": "image_classification",
            "sources": [{"name": "train", "kind": "idx", "images": "a", "labels": "b"}],
            "transform": {"size": [8, 8], "channels": 1},
            "model": {"kind": "mlp"},
        }
    )


def test_an_empty_conf_keeps_the_spec(spec: WorkflowSpec) -> None:
    assert apply(spec, run_params({})) == spec
    assert apply(spec, run_params({"epochs": None, "force": None, "sources": None})) == spec


def test_params_replace_the_specs_values(spec: WorkflowSpec) -> None:
    changed = apply(spec, run_params({"epochs": 3, "sources": {"train": {"images": "c"}}}))
    assert changed.train.epochs == 3
    assert changed.sources[0].model_dump()["images"] == "c"


@pytest.mark.parametrize(
    ("conf", "field"),
    [
        ({"epoch": 3}, "conf.epoch"),
        ({"epochs": "3"}, "conf.epochs"),
        ({"epochs": 0}, "conf.epochs"),
        ({"learning_rate": -1.0}, "conf.learning_rate"),
        ({"force": ["trian"]}, "conf.force"),
        ({"limit": 0}, "conf.limit"),
        ({"sources": {"other": {}}}, "conf.sources.other"),
        ({"sources": {"train": {"imags": "x"}}}, "imags"),
    ],
)
def test_a_wrong_conf_is_refused_by_field(
    spec: WorkflowSpec, conf: dict[str, Any], field: str
) -> None:
    with pytest.raises(SpecError) as caught:
        apply(spec, run_params(conf))
    assert field in str(caught.value)


def test_prediction_takes_sources_as_in_a_spec() -> None:
    params = predict_params({"sources": [{"name": "new", "kind": "sklearn"}]})
    assert params.sources is not None
    assert params.sources[0].name == "new"


def test_prediction_refuses_training_params() -> None:
    with pytest.raises(SpecError, match="epochs"):
        predict_params({"epochs": 3})


@pytest.mark.parametrize(
    "sources",
    [
        [{"name": "x", "kind": "subprocess:Popen", "options": {"args": "id"}}],
        [{"name": "x", "kind": "idx", "images": "${AIRFLOW__CORE__FERNET_KEY}"}],
        {"train": {"images": "/data/${HOME}"}},
        {"train": {"kind": "os:system"}},
    ],
)
def test_a_conf_reaches_no_further_than_the_workflows_file(
    spec: WorkflowSpec, sources: Any
) -> None:
    with pytest.raises(SpecError, match=r"conf\.sources"):
        check_trust(spec, {"sources": sources})


def test_a_conf_may_name_a_kind_that_the_file_names(spec: WorkflowSpec) -> None:
    document = spec.model_dump(mode="json")
    document["sources"] = [{"name": "own", "kind": "mine.sources:Reader"}]
    own = parse(document)
    check_trust(own, {"sources": [{"name": "new", "kind": "mine.sources:Reader"}]})


SQL = {"name": "shop", "kind": "sql", "connection": "shop", "query": "SELECT 1 AS id", "key": "id"}


@pytest.fixture
def asking() -> WorkflowSpec:
    """A workflow whose file names a database."""
    return parse(
        {
            "version": 1,
            "name": "sample",
            "task": "tabular_classification",
            "sources": [SQL],
            "transform": {"columns": {"age": {"kind": "numeric"}}},
            "model": {"kind": "table_mlp"},
        }
    )


@pytest.mark.parametrize(
    "sources",
    [
        {"shop": {"query": "SELECT * FROM secrets"}},
        {"shop": {"connection": "payroll"}},
        [SQL | {"connection": "payroll"}],
        [SQL | {"query": "SELECT * FROM secrets"}],
        [SQL | {"query": "SELECT * FROM secrets", "uri": None}],
        [SQL | {"connection": ["payroll"]}],
    ],
)
def test_a_conf_asks_nothing_new_with_the_credentials_of_a_file(
    asking: WorkflowSpec, sources: Any
) -> None:
    with pytest.raises(SpecError, match=r"conf\.sources: a run may not bring"):
        check_trust(asking, {"sources": sources})


def test_a_conf_may_ask_a_database_of_its_own_or_what_the_file_asks(asking: WorkflowSpec) -> None:
    check_trust(asking, {"sources": [SQL | {"name": "new", "key": "other"}]})
    mine = {"uri": "sqlite:///a.db", "connection": None, "query": "SELECT 2 AS id"}
    check_trust(asking, {"sources": [SQL | mine]})


@pytest.mark.parametrize("sources", [[], [{"name": "a", "kind": "sklearn"}] * 2])
def test_prediction_sources_are_some_and_named_apart(sources: Any) -> None:
    with pytest.raises(SpecError, match="sources"):
        predict_params({"sources": sources})


def test_prediction_sources_hold_what_the_model_takes(spec: WorkflowSpec) -> None:
    conf = {"sources": [{"name": "mail", "kind": "email", "uri": "a"}]}
    assert predict_params(conf).sources
    with pytest.raises(SpecError, match=r"conf\.sources: .*mail \(email\) gives texts"):
        predict_params(conf, spec)
