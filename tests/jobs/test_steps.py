"""What of a spec is in the key of a training."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import yaml

import tiny_workflow
from millrace.artifacts.reference import ArtifactRef
from millrace.jobs import fitting, steps
from millrace.workflow.decision import Decision
from millrace.workflow.tasks import parse

DATASET = ArtifactRef("dataset", "k" * 64, "d" * 64, "file:///x", 1, 1)


def keyed(monkeypatch: pytest.MonkeyPatch, *, native: bool, **resources: Any) -> Any:
    """Return the parameters of the training of a spec with automatic precision."""
    monkeypatch.setattr(fitting, "computes_bfloat16", lambda: native)
    jobs: list[Any] = []
    document = yaml.safe_load(tiny_workflow.SPEC)
    document["train"] = {**document.get("train", {}), "precision": "auto"}
    document["resources"] = resources
    executor = SimpleNamespace(execute=lambda job: jobs.append(job) or SimpleNamespace(ref=DATASET))
    run: Any = SimpleNamespace(spec=parse(document), executor=executor)
    steps.train(run, DATASET.to_document())
    return jobs[0].params


def test_a_decision_is_in_the_keys_of_what_chooses_a_threshold_where_there_is_one() -> None:
    jobs: list[Any] = []
    executor = SimpleNamespace(execute=lambda job: jobs.append(job) or SimpleNamespace(ref=DATASET))
    asked = {"positive": "4", "goal": {"f1_of": "4"}}
    for decision in ({}, asked):
        document = {**yaml.safe_load(tiny_workflow.SPEC), "decision": decision}
        run: Any = SimpleNamespace(spec=parse(document), executor=executor)
        steps.train(run, DATASET.to_document())
        steps.baseline(run, DATASET.to_document())
    assert [job.params.get("decision") for job in jobs[:2]] == [None, None]
    assert [Decision(**job.params["decision"]) for job in jobs[2:]] == [
        Decision.model_validate(asked)
    ] * 2


def test_without_gpus_the_key_holds_what_the_processor_computes_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for native in (True, False):
        params = keyed(monkeypatch, native=native)
        assert params["machine"] == {"bfloat16": native}
        assert "devices" not in params


def test_with_gpus_the_launchers_processor_is_in_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (keyed(monkeypatch, native=native, gpus=2) for native in (True, False))
    assert one == other
    assert "machine" not in one


def test_what_happens_without_a_gpu_is_in_the_key_only_where_it_can_happen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fails = keyed(monkeypatch, native=True, gpus=1)
    goes_on = keyed(monkeypatch, native=True, gpus=1, without_gpu="cpu")
    assert fails["devices"] == {"gpus": 1}
    assert goes_on["devices"] == {"gpus": 1, "without_gpu": "cpu"}


def test_only_a_baseline_that_is_a_candidate_is_asked_for_a_bundle() -> None:
    jobs: list[Any] = []
    executor = SimpleNamespace(execute=lambda job: jobs.append(job) or SimpleNamespace(ref=DATASET))
    document = yaml.safe_load(tiny_workflow.SPEC)
    texts = {"task": "text_classification", "model": {"kind": "text_mlp"}, "transform": {}}
    texts |= {"sources": [{"name": "sms", "kind": "text_folder", "uri": "sms"}]}
    for more in ({}, {**texts, "baseline": {"kind": "svm", "candidate": True}}):
        run: Any = SimpleNamespace(spec=parse({**document, **more}), executor=executor)
        steps.baseline(run, DATASET.to_document())
    alone, candidate = (job.params for job in jobs)
    assert alone == {"modality": "image", "baseline": {"kind": "logistic", "rows": 200}}
    assert candidate["export"] is True
    assert "candidate" not in candidate["baseline"]


def test_a_candidates_key_is_that_of_the_same_network_alone() -> None:
    jobs: list[Any] = []
    executor = SimpleNamespace(execute=lambda job: jobs.append(job) or SimpleNamespace(ref=DATASET))
    document = yaml.safe_load(tiny_workflow.SPEC)
    network = {"model": document["model"], "train": {"epochs": 2}}
    competing: Any = SimpleNamespace(
        spec=parse({**document, "candidates": {"short": network}}), executor=executor
    )
    alone: Any = SimpleNamespace(
        spec=parse({**document, "train": {**document["train"], "epochs": 2}}), executor=executor
    )
    steps.train(competing, DATASET.to_document(), "short")
    steps.train(competing, DATASET.to_document(), "mlp")
    steps.train(alone, DATASET.to_document())
    assert jobs[0].params == jobs[2].params
    assert jobs[1].params["train"]["epochs"] == 6
    assert [job.partition for job in jobs] == ["short", "mlp", None]
