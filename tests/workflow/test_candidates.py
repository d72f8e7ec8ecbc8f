"""Several models in one spec: what each takes over, how they are named, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from millrace.errors import SpecError
from millrace.workflow.graph import workflow_graph
from millrace.workflow.loader import load_file
from millrace.workflow.params import apply, run_params
from millrace.workflow.spec import WorkflowSpec
from millrace.workflow.tasks import parse

SPEC = """version: 1
name: spam
task: text_classification
sources: [{name: sms, kind: text_folder, uri: sms}]
model: {kind: text_cnn}
train: {epochs: 12, learning_rate: 0.002}
augment: {dropout: 0.1}
"""
TWO = """candidates:
  wide: {model: {kind: text_cnn, filters: 128}, train: {epochs: 3}}
  mean: {model: {kind: text_mlp}, augment: {swap: 0.2}}
"""


def read(tmp_path: Path, more: str) -> WorkflowSpec:
    path = tmp_path / "spam.yaml"
    path.write_text(SPEC + more, encoding="utf-8")
    return load_file(path)


def test_a_candidate_differs_from_the_workflow_only_where_it_says_so(tmp_path: Path) -> None:
    spec = read(tmp_path, TWO)
    wide, mean = spec.candidates["wide"], spec.candidates["mean"]
    assert wide.train == spec.train.model_copy(update={"epochs": 3})
    assert mean.train == spec.train
    assert wide.augment == spec.augment
    assert mean.augment == spec.augment.model_copy(update={"swap": 0.2})
    assert spec.networks == ("text_cnn", "wide", "mean")


def test_the_frozen_spec_reads_as_it_was_written(tmp_path: Path) -> None:
    spec = read(tmp_path, TWO + "baseline: {candidate: true}\n")
    assert parse(spec.model_dump(mode="json")) == spec


def test_a_runs_parameters_hold_for_every_network(tmp_path: Path) -> None:
    changed = apply(read(tmp_path, TWO), run_params({"epochs": 1, "seed": 5}))
    trained = [changed.train, *(one.train for one in changed.candidates.values())]
    assert [(one.epochs, one.seed, one.learning_rate) for one in trained] == [(1, 5, 0.002)] * 3


def test_a_users_own_model_has_its_functions_name(tmp_path: Path) -> None:
    spec = read(tmp_path, "candidates: {own: {model: {kind: 'nets.small:build'}}}\n")
    assert spec.candidates["own"].model.name == "build"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("candidates: {text_cnn: {model: {kind: text_mlp}}}\n", "text_cnn"),
        ("candidates: {svm: {model: {kind: text_mlp}}}\nbaseline: {candidate: true}\n", "svm"),
        ("candidates: {Wide: {model: {kind: text_mlp}}}\n", "Wide"),
        ("candidates: {wide: {model: {kind: cnn}}}\n", "text_cnn"),
        ("candidates: {wide: {train: {epochs: 3}}}\n", "candidates.wide.model"),
        ("candidates: {wide: {model: {kind: text_mlp}, train: {epoch: 3}}}\n", "train.epoch"),
        ("candidates: {wide: {model: {kind: text_mlp}, train: [3]}}\n", "candidates.wide.train"),
        ("candidates: {wide: 3}\n", "candidates.wide"),
        ("candidates: [wide]\n", "candidates"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, more: str, expected: str) -> None:
    with pytest.raises(SpecError, match=expected):
        read(tmp_path, more)


def test_a_baseline_without_a_graph_is_no_candidate() -> None:
    document = {
        "version": 1,
        "name": "digits",
        "task": "image_classification",
        "sources": [{"name": "digits", "kind": "sklearn"}],
        "transform": {"size": [8, 8], "channels": 1},
        "model": {"kind": "mlp"},
        "baseline": {"kind": "svm", "candidate": True},
    }
    with pytest.raises(ValueError, match="only baselines of texts and of tables"):
        parse(document)


def test_one_model_is_trained_once_and_nothing_is_chosen(tmp_path: Path) -> None:
    graph = workflow_graph(read(tmp_path, ""), "training")
    assert graph["train"].mapped is None
    assert graph["evaluate"].takes["bundle"] == "train"
    assert not {"candidates", "choose"} & {task.name for task in graph}


@pytest.mark.parametrize("more", [TWO, "baseline: {candidate: true}\n"])
def test_several_are_trained_one_by_one_and_the_chosen_one_goes_on(
    tmp_path: Path, more: str
) -> None:
    graph = workflow_graph(read(tmp_path, more), "training")
    assert graph["train"].mapped is not None
    assert graph["train"].upstream == {"candidates", "integrate"}
    assert graph["choose"].upstream == {"integrate", "train", "baseline"}
    assert {graph[name].takes["bundle"] for name in ("evaluate", "promote")} == {"choose"}


def test_a_task_that_a_run_does_not_have_is_explained(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="start another run"):
        workflow_graph(read(tmp_path, ""), "training")["choose"]


def test_a_baseline_that_becomes_a_bundle_is_fitted_where_networks_are(tmp_path: Path) -> None:
    alone, competing = read(tmp_path, ""), read(tmp_path, "baseline: {candidate: true}\n")
    assert [one.place_of("baseline", "docker") for one in (alone, competing)] == ["local", "docker"]
