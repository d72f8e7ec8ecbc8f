"""`explain` in a spec: which task it brings, where that runs, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from millrace.errors import SpecError
from millrace.workflow.graph import workflow_graph
from millrace.workflow.loader import load_file
from millrace.workflow.spec import WorkflowSpec
from millrace.workflow.tasks import parse

PICTURES = """version: 1
name: tiny
task: image_classification
sources: [{name: digits, kind: sklearn}]
transform: {size: [8, 8], channels: 1}
model: {kind: mlp}
"""
SLICES = """version: 1
name: tiny
task: ct_classification
sources: [{name: heads, kind: image_folder, uri: slices}]
transform: {size: [64, 48]}
model: {kind: ct_resnet}
"""
TEXTS = """version: 1
name: tiny
task: text_classification
sources: [{name: sms, kind: sample, data: sms}]
model: {kind: text_mlp}
"""


def read(folder: Path, text: str) -> WorkflowSpec:
    path = folder / "tiny.yaml"
    path.write_text(text, encoding="utf-8")
    return load_file(path)


def test_slices_are_explained_by_default_and_pictures_where_it_is_asked_for(tmp_path: Path) -> None:
    assert read(tmp_path, SLICES).explanation() == {"errors": 48, "sample": 12, "seed": 7}
    assert read(tmp_path, PICTURES).explanation() == {}
    asked = read(tmp_path, PICTURES + "explain: {errors: 5}\n")
    assert asked.explanation() == {"errors": 5, "sample": 12, "seed": 7}
    assert parse(asked.model_dump(mode="json")) == asked


def test_the_approver_and_the_cards_come_after_the_explanations(tmp_path: Path) -> None:
    graph = workflow_graph(read(tmp_path, SLICES + "gate: {approval: required}\n"), "training")
    names = [task.name for task in graph]
    assert names.index("evaluate") < names.index("explain") < names.index("cards")
    assert dict(graph["explain"].takes) == {
        "dataset": "integrate",
        "bundle": "train",
        "evaluated": "evaluate",
    }
    assert graph["cards"].takes["explained"] == "explain"
    assert "cards" in graph["approve"].upstream


@pytest.mark.parametrize("text", [PICTURES, SLICES + "explain: null\n"])
def test_without_it_the_graph_is_as_before(tmp_path: Path, text: str) -> None:
    graph = workflow_graph(read(tmp_path, text), "training")
    assert "explain" not in [task.name for task in graph]
    assert "explained" not in graph["cards"].takes


def test_it_explains_the_candidate_that_was_chosen(tmp_path: Path) -> None:
    text = SLICES + "candidates: {wide: {model: {kind: ct_resnet, width: 24}}}\n"
    graph = workflow_graph(read(tmp_path, text), "training")
    assert graph["explain"].takes["bundle"] == "choose"


def test_it_runs_where_training_does_with_its_devices(tmp_path: Path) -> None:
    spec = read(tmp_path, SLICES + "runtimes: {train: docker}\nresources: {gpus: 2}\n")
    assert spec.place_of("explain", "local") == "docker"
    assert read(tmp_path, SLICES).place_of("explain", "kubernetes") == "kubernetes"
    assert workflow_graph(spec, "training")["explain"].gpus == 2
    assert [spec.resources.gpus_of(name) for name in ("train", "explain", "evaluate")] == [2, 2, 0]


@pytest.mark.parametrize(
    "more",
    ["{errors: 0}", "{errors: 201}", "{sample: -1}", "{sample: 1.5}", "{seed: -1}", "{maps: 3}"],
)
def test_other_numbers_are_refused_with_their_place(tmp_path: Path, more: str) -> None:
    with pytest.raises(SpecError, match="explain"):
        read(tmp_path, f"{SLICES}explain: {more}\n")


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ("train: {explain: false}\n", "`train.explain: true`"),
        (
            "candidates: {wide: {model: {kind: ct_resnet, width: 24}, train: {explain: false}}}\n",
            "`candidates.wide.train.explain: true`",
        ),
    ],
)
def test_without_sanity_checks_there_is_nothing_to_explain(
    tmp_path: Path, more: str, where: str
) -> None:
    with pytest.raises(SpecError, match=where):
        read(tmp_path, SLICES + more)
    assert read(tmp_path, SLICES + more + "explain: null\n").explanation() == {}


def test_texts_have_no_maps(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="explain"):
        read(tmp_path, TEXTS + "explain: {errors: 5}\n")
