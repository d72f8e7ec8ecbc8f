"""DockerStep in a DAG: Airflow's DockerOperator, its arguments, its templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tiny_workflow
from millrace.errors import SpecError

pytest.importorskip("airflow.providers.docker", reason="the extra docker is not installed")

SPEC = tiny_workflow.SPEC + (
    "runtime: docker\nruntimes: {clean: docker, predict: docker}\n"
    "resources: {gpus: 2, memory_gib: 4, cpus: 1.5}\n"
)


@pytest.fixture
def dags(tmp_path: Path) -> dict[str, Any]:
    from millrace.orchestration.builder import workflow_dags

    (tmp_path / "tiny.yaml").write_text(SPEC)
    return dict(workflow_dags("tiny", tmp_path))


def test_it_is_airflows_docker_operator(dags: dict[str, Any]) -> None:
    from airflow.providers.docker.operators.docker import DockerOperator

    boxed = {task.task_id for task in dags["tiny"].tasks if isinstance(task, DockerOperator)}
    assert boxed == {"partition.clean", "train", "predict"}


def test_only_training_gets_the_gpus(dags: dict[str, Any]) -> None:
    train, clean = (dags["tiny"].get_task(name) for name in ("train", "partition.clean"))
    assert (train.image, train.mem_limit) == ("millrace-trainer:gpu", 4 << 30)
    assert (train.pool, train.pool_slots) == ("gpu", 2)
    assert (clean.image, clean.pool) == ("millrace-trainer:cpu", "default_pool")


def test_what_explains_the_network_runs_where_it_was_trained(tmp_path: Path) -> None:
    from millrace.orchestration.builder import workflow_dags

    (tmp_path / "tiny.yaml").write_text(SPEC + "explain: {errors: 5}\n")
    dag = workflow_dags("tiny", tmp_path)["tiny"]
    train, explain = (dag.get_task(name) for name in ("train", "explain"))
    assert type(explain) is type(train)
    assert (explain.image, explain.pool_slots) == (train.image, train.pool_slots)
    assert explain.upstream_task_ids == {"integrate", "train", "evaluate"}
    assert "explain" in dag.get_task("cards").upstream_task_ids


def test_more_gpus_than_airflow_gives_out_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from millrace.orchestration.builder import workflow_dags

    monkeypatch.setenv("MILLRACE_GPU_SLOTS", "1")
    (tmp_path / "tiny.yaml").write_text(SPEC)
    with pytest.raises(SpecError, match=r"resources.gpus.*at most 1.*received 2"):
        workflow_dags("tiny", tmp_path)


def test_what_it_takes_from_other_tasks_is_a_template(dags: dict[str, Any]) -> None:
    train = dags["tiny"].get_task("train")
    assert "taken" in train.template_fields
    assert train.upstream_task_ids == {"integrate"}


def test_no_secret_of_the_process_is_a_field(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    from millrace.orchestration.builder import workflow_dags

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    monkeypatch.setenv("MILLRACE_DOCKER_VARIABLES", "AWS_SECRET_ACCESS_KEY")
    (tmp_path / "tiny.yaml").write_text(SPEC)
    for dag in workflow_dags("tiny", tmp_path).values():
        assert "s3cret" not in str(DagSerialization.serialize_dag(dag))
        assert all("s3cret" not in str(vars(task)) for task in dag.tasks)


def test_killed_before_it_began_it_has_nothing_to_stop(dags: dict[str, Any]) -> None:
    dags["tiny"].get_task("train").on_kill()


def test_a_certificates_folder_is_used_as_by_dockers_client(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from millrace.orchestration.builder import workflow_dags

    monkeypatch.setenv("DOCKER_CERT_PATH", "/certificates")
    (tmp_path / "tiny.yaml").write_text(SPEC)
    train = workflow_dags("tiny", tmp_path)["tiny"].get_task("train")
    assert train.tls_client_key == "/certificates/key.pem"
