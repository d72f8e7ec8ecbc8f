"""Data sets have names that connect tasks, and no name holds a password."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from millrace.artifacts.reference import ArtifactRef
from millrace.jobs.execute import Job
from millrace.orchestration.lineage import lineage_of

pytestmark = pytest.mark.airflow


def ref(kind: str, digest: str) -> ArtifactRef:
    return ArtifactRef(kind, f"key-{digest}", digest, f"s3://b/manifests/{digest}", 7, 70)


def run_of(*done: Any, store: str = "s3://bucket/millrace", predictions: str = "") -> Any:
    """A task's run whose executor did these jobs."""
    return SimpleNamespace(
        store=SimpleNamespace(uri=store),
        executor=SimpleNamespace(done=list(done)),
        settings=SimpleNamespace(predictions=predictions),
        spec=SimpleNamespace(predict=SimpleNamespace(table="predictions")),
    )


def names(found: Any) -> list[tuple[str, str]]:
    return [(item.namespace, item.name) for item in found]


def test_an_output_of_one_task_is_the_input_of_the_next() -> None:
    records, dataset = ref("records", "a"), ref("dataset", "b")
    made = lineage_of(run_of((Job("transform", {}), records)))
    read = lineage_of(run_of((Job("integrate", {}, {"records": [records]}), dataset)))
    assert names(made.outputs) == [("s3://bucket/millrace", "records/a")]
    assert names(read.inputs) == names(made.outputs)
    assert (made.outputs[0].rows, made.outputs[0].bytes) == (7, 70)


def test_an_artifact_of_two_jobs_of_a_task_is_no_input() -> None:
    evaluation = ref("evaluation", "e")
    jobs = [
        (Job("evaluate", {}, {"bundle": [ref("bundle", "b")]}), evaluation),
        (Job("gate", {}, {"evaluation": [evaluation]}), ref("decision", "d")),
    ]
    found = lineage_of(run_of(*jobs))
    assert [name for _, name in names(found.inputs)] == ["bundle/b"]
    assert [name for _, name in names(found.outputs)] == ["evaluation/e", "decision/d"]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("s3://key:secret@bucket/a/b.gz?token=secret", ("s3://bucket", "a/b.gz")),
        ("/data/b.gz", ("file", "data/b.gz")),
        ("https://me:secret@host:8443/x", ("https://host:8443", "x")),
    ],
)
def test_a_source_is_named_without_its_password(uri: str, expected: tuple[str, str]) -> None:
    source = {"name": "new", "kind": "idx", "images": uri}
    job = Job("collect", {}, locations={"source": source})
    found = lineage_of(run_of((job, ref("raw", "r"))))
    assert names(found.inputs) == [expected]


def test_a_source_without_a_place_goes_by_its_kind() -> None:
    source = {"name": "uci", "kind": "sklearn", "images": "${NOT_SET_HERE}"}
    job = Job("discover", {}, locations={"sources": [source]})
    assert names(lineage_of(run_of((job, ref("p", "p")))).inputs) == [("sklearn", "uci")]


def test_the_store_and_the_table_are_named_without_their_passwords() -> None:
    run = run_of(
        (Job("predict", {}, {"bundle": [ref("bundle", "b")]}), ref("predictions", "p")),
        store="s3://key:secret@bucket/millrace",
        predictions="postgresql+psycopg2://me:secret@db:5433/shop",
    )
    found = lineage_of(run)
    assert names(found.inputs) == [("s3://bucket/millrace", "bundle/b")]
    assert names(found.outputs) == [
        ("s3://bucket/millrace", "predictions/p"),
        ("postgres://db:5433", "shop.predictions"),
    ]
