"""`millrace run`: trigger, follow, and an exit code that tells how it ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import tiny_workflow
from fake_airflow import FakeAirflow
from millrace.catalog.catalog import Catalog
from millrace.cli import follow, new_dag
from millrace.errors import DataError, ExitCode
from millrace.settings import Settings
from millrace.workflow.tasks import parse

DAG = "/api/v2/dags/digits"
RUN = f"{DAG}/dagRuns/r1"


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Poll without waiting; one workflow, `digits`."""
    monkeypatch.setattr(follow, "_POLL", 0.0)
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "digits.yaml").write_text("")
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path / "workflows"))


def _run(state: str) -> dict[str, Any]:
    moment = "2026-01-01T00:00:00+00:00"
    return {"dag_id": "digits", "dag_run_id": "r1", "state": state,
            "start_date": moment, "end_date": moment}  # fmt: skip


def _task(task_id: str, state: str) -> dict[str, Any]:
    return {**_run(state), "task_id": task_id, "map_index": -1, "try_number": 2}


def _prepare(airflow: FakeAirflow, ends: str, *tasks: dict[str, Any]) -> None:
    airflow.answers["GET", DAG] = (200, {"dag_id": "digits", "is_paused": False})
    airflow.answers["POST", f"{DAG}/dagRuns"] = (200, _run("queued"))
    airflow.answers["GET", RUN] = [(200, _run("running")), (200, _run(ends))]
    airflow.answers["GET", f"{RUN}/taskInstances"] = (200, {"task_instances": list(tasks)})


def test_a_bad_parameter_is_refused_before_anything_is_triggered(
    millrace: Any, airflow: FakeAirflow
) -> None:
    code, _, err = millrace("run", "digits", "--param", "epochs=many")
    assert code == ExitCode.SPEC
    assert "conf.epochs" in err
    assert airflow.requests == []


@pytest.mark.parametrize(("failures", "code"), [(4, ExitCode.DONE), (5, ExitCode.RETRY)])
def test_a_run_is_followed_through_a_busy_moment_of_airflow(
    millrace: Any, airflow: FakeAirflow, history: Any, failures: int, code: int
) -> None:
    _prepare(airflow, "success", _task("train", "success"))
    busy = [(503, {"detail": "busy"})] * failures
    airflow.answers["GET", RUN] = [(200, _run("running")), *busy, (200, _run("success"))]
    assert millrace("run", "digits")[0] == code


def test_without_airflow_the_remedy_is_named(
    millrace: Any, airflow: FakeAirflow, home: Path
) -> None:
    (home / "run" / "address.json").write_text('{"port": 9}')
    code, _, err = millrace("run", "digits")
    assert code == ExitCode.RETRY
    assert "millrace up" in err


def test_a_stranger_on_our_port_never_sees_the_password(
    millrace: Any, airflow: FakeAirflow, home: Path
) -> None:
    (home / "run" / "api-server.json").unlink()
    code, _, err = millrace("run", "digits")
    assert code == ExitCode.RETRY
    assert "Airflow does not run. Start it with `millrace up`" in err
    assert millrace("down")[0] == 0
    assert airflow.logins == 0


def test_a_success_prints_its_outcome(millrace: Any, airflow: FakeAirflow, history: Any) -> None:
    _prepare(airflow, "success", _task("train", "success"))
    code, out, _ = millrace("run", "digits", "--param", "epochs=3", "--force", "train")
    assert code == 0
    posted = next(body for method, _, body in airflow.requests if method == "POST")
    assert posted["conf"] == {"epochs": 3, "force": ["train"]}
    for word in (
        "0.9917",
        "0.9800 to 0.9970",
        "baseline 0.9800",
        "version 1",
        "3 records",
        "curves",
    ):
        assert word in out


def test_a_failure_prints_the_task_its_error_and_its_log(
    millrace: Any, airflow: FakeAirflow, history: Any, home: Path
) -> None:
    error = DataError("the loss is not a number", where="epoch 4", remedy="Lower the rate.")
    with Catalog(Settings.load().catalog) as catalog:
        execution = catalog.executions.begin(1, "train", None, "k", {}, [], 2, "here")
        catalog.executions.finish(execution, "failed", error=error.to_document())
    _prepare(airflow, "failed", _task("train", "failed"), _task("evaluate", "upstream_failed"))
    code, out, _ = millrace("run", "digits")
    assert code == ExitCode.DATA
    assert "train failed: epoch 4: the loss is not a number. Lower the rate." in out
    place = "dag_id=digits/run_id=r1/task_id=train/attempt=2.log"
    assert str(home / "airflow" / "logs" / place) in out


def test_a_failure_is_that_of_its_partition_and_its_attempt(
    millrace: Any, airflow: FakeAirflow, history: Any
) -> None:
    with Catalog(Settings.load().catalog) as catalog:
        found = catalog.executions.begin(1, "discover", None, "k", {}, [], 1, "here")
        catalog.executions.finish(found, "done", output=history["partitions"])
        for partition, attempt in (("uci/1", 1), ("uci/1", 2), ("uci/0", 2)):
            one = catalog.executions.begin(1, "clean", partition, "k", {}, [], attempt, "here")
            error = DataError(f"{partition} try {attempt}").to_document()
            catalog.executions.finish(one, "failed", error=error)
    _prepare(airflow, "failed", {**_task("partition.clean", "failed"), "map_index": 1})
    _, out, _ = millrace("run", "digits")
    assert "partition.clean partition uci/1 failed: uci/1 try 2." in out


def test_a_failure_is_that_of_its_candidate(
    millrace: Any, airflow: FakeAirflow, history: Any
) -> None:
    network = {"model": {"kind": "mlp"}}
    document = yaml.safe_load(tiny_workflow.SPEC) | {"candidates": {"wide": network}}
    with Catalog(Settings.load().catalog) as catalog:
        run = catalog.runs.start(
            run_id="r1", workflow="digits", dag_id="digits", spec_digest="0", params={},
            trigger="manual", version="0", spec=parse(document).model_dump(mode="json"),
        )  # fmt: skip
        for name in ("mlp", "wide"):
            one = catalog.executions.begin(run.id, "train", name, "k", {}, [], 2, "here")
            catalog.executions.finish(one, "failed", error=DataError(f"of {name}").to_document())
    _prepare(airflow, "failed", {**_task("candidate.train", "failed"), "map_index": 1})
    _, out, _ = millrace("run", "digits")
    assert "candidate.train candidate wide failed: of wide." in out


def test_an_error_of_an_earlier_attempt_is_not_that_of_the_last(
    millrace: Any, airflow: FakeAirflow, history: Any
) -> None:
    with Catalog(Settings.load().catalog) as catalog:
        execution = catalog.executions.begin(1, "train", None, "k", {}, [], 1, "here")
        catalog.executions.finish(execution, "failed", error=DataError("old").to_document())
    _prepare(airflow, "failed", _task("train", "failed"))
    code, out, _ = millrace("run", "digits")
    assert code == ExitCode.BUG
    assert "old" not in out


def test_a_failure_without_a_record_shows_the_end_of_the_log(
    millrace: Any, airflow: FakeAirflow, history: Any, home: Path
) -> None:
    _prepare(airflow, "failed", _task("promote", "failed"))
    folder = home / "airflow/logs/dag_id=digits/run_id=r1/task_id=promote"
    folder.mkdir(parents=True)
    (folder / "attempt=2.log").write_text("KeyError: 'decision'\n")
    code, out, _ = millrace("run", "digits")
    assert code == ExitCode.BUG
    assert "KeyError: 'decision'" in out
    cause = {"exc_type": "SpecError", "exc_value": "there is no master key", "frames": [{}]}
    lines = [{"event": "::endgroup::"}, {"event": "Task failed", "error_detail": [cause]}]
    (folder / "attempt=2.log").write_text("\n".join(map(json.dumps, lines)))
    out = millrace("run", "digits")[1]
    assert "the log ends with\nTask failed\nSpecError: there is no master key\nLog:" in out


def test_a_paused_dag_is_unpaused_and_says_so(millrace: Any, airflow: FakeAirflow) -> None:
    _prepare(airflow, "success")
    airflow.answers["GET", DAG] = (200, {"dag_id": "digits", "is_paused": True})
    airflow.answers["PATCH", DAG] = (200, {})
    code, out, _ = millrace("run", "digits", "--no-follow")
    assert code == 0
    assert "digits was paused" in out
    assert ("PATCH", DAG, {"is_paused": False}) in airflow.requests


def test_a_new_dag_is_waited_for(
    millrace: Any, airflow: FakeAirflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_dag, "_POLL", 0.0)
    monkeypatch.setenv("MILLRACE_DAGS", str(tmp_path))
    (tmp_path / "digits.py").write_text("")
    _prepare(airflow, "success")
    airflow.answers["GET", "/api/v2/dags"] = (200, {"dags": [], "total_entries": 0})
    another = {"filename": "my_digits.py", "stack_trace": "NameError: x"}
    airflow.answers["GET", "/api/v2/importErrors"] = (
        200,
        {"import_errors": [another], "total_entries": 1},
    )
    found = (200, {"dag_id": "digits", "is_paused": False})
    airflow.answers["GET", DAG] = [(404, {}), (404, {}), found]
    code, out, _ = millrace("run", "digits", "--no-follow")
    assert code == 0
    assert out.count("digits.py is new") == 1


def test_a_new_dag_that_cannot_be_loaded_is_not_waited_for(
    millrace: Any, airflow: FakeAirflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_DAGS", str(tmp_path))
    (tmp_path / "digits.py").write_text("")
    broken = {"filename": "/dags/digits.py", "stack_trace": "NameError: x"}
    airflow.answers["GET", DAG] = (404, {})
    airflow.answers["GET", "/api/v2/dags"] = (200, {"dags": [], "total_entries": 0})
    airflow.answers["GET", "/api/v2/importErrors"] = (
        200,
        {"import_errors": [broken], "total_entries": 1},
    )
    code, out, err = millrace("run", "digits")
    assert code == ExitCode.SPEC
    assert "no such DAG" in err
    assert "is new" not in out


def test_no_follow_returns_at_once_with_the_address_of_the_run(
    millrace: Any, airflow: FakeAirflow
) -> None:
    _prepare(airflow, "failed")
    code, out, _ = millrace("run", "digits", "--no-follow")
    assert code == 0
    assert f"{airflow.url}/dags/digits/runs/r1" in out
    assert ("GET", RUN, None) not in airflow.requests
