"""Rung four: a workflow through scheduler, executor and API server, over REST and in a browser."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

import tiny_workflow
from millrace.catalog.catalog import Catalog
from millrace.errors import SpecError
from millrace.orchestration.embedded import address
from millrace.orchestration.embedded.down import down
from millrace.orchestration.embedded.installation import Installation
from millrace.orchestration.embedded.password import password
from millrace.orchestration.embedded.up import up
from millrace.orchestration.rest import AirflowClient

PROJECT = Path(__file__).parents[2]
pytestmark = [pytest.mark.scheduler, pytest.mark.tensorflow]

CHROMIUM = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@dataclass(frozen=True)
class Running:
    """An embedded Airflow with the workflow `tiny`."""

    installation: Installation
    client: AirflowClient

    @property
    def catalog(self) -> Catalog:
        return Catalog(self.installation.settings.catalog)

    def wait(self, dag_id: str, run_id: str, seconds: float = 180) -> str:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = str(self.client.run(dag_id, run_id)["state"])
            if state in {"success", "failed"}:
                return state
            time.sleep(0.5)
        raise AssertionError(f"{dag_id} {run_id} did not end: {self.states(dag_id, run_id)}")

    def run(self, run_id: str, conf: dict[str, Any], dag_id: str = "tiny") -> str:
        self.client.trigger(dag_id, {"limit": 500, **conf}, run_id)
        return self.wait(dag_id, run_id)

    def states(self, dag_id: str, run_id: str) -> dict[str, str]:
        tasks = self.client.task_instances(dag_id, run_id)
        return {f"{task['task_id']}[{task['map_index']}]": task["state"] for task in tasks}

    def executions(self, run_id: str, dag_id: str = "tiny") -> list[Any]:
        with self.catalog as catalog:
            record = catalog.runs.find(dag_id, run_id)
            assert record is not None
            return catalog.executions.of_run(record.id)


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("scheduler")
    (folder / "dags").mkdir()
    (folder / "dags" / "tiny.py").write_text(tiny_workflow.DAG_FILE)
    (folder / "workflows").mkdir()
    (folder / "workflows" / "tiny.yaml").write_text(tiny_workflow.SPEC)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    installation = Installation.load(
        {
            "MILLRACE_PROJECT": str(PROJECT),
            "MILLRACE_HOME": str(folder / "home"),
            "MILLRACE_DAGS": str(folder / "dags"),
            "MILLRACE_WORKFLOWS": str(folder / "workflows"),
            "MILLRACE_PORT": str(port),
        }
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__LOGGING__LOGGING_LEVEL", "INFO")  # the suite's own is WARNING
        up(installation, lambda _: None)
    try:
        with address.client(installation) as client:
            running = Running(installation, client)
            assert running.run("first", {}) == "success"
            yield running
    finally:
        down(installation, lambda _: None)


def test_raw_images_become_predictions(airflow: Running) -> None:
    states = airflow.states("tiny", "first")
    assert set(states.values()) == {"success"}
    assert {"partition.collect[0]", "partition.collect[1]"} <= set(states)
    with airflow.catalog as catalog:
        record = catalog.runs.find("tiny", "first")
        assert record is not None
        assert (record.state, record.trigger) == ("done", "manual")
        champion = catalog.models.champion("tiny")
        assert champion is not None
        (batch,) = catalog.batches.of_run(record.id)
        assert batch.model_version == champion.version == 1


def test_a_new_champion_starts_the_prediction_dag(airflow: Running) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with airflow.catalog as catalog:
            runs = [run for run in catalog.runs.latest() if run.dag_id == "tiny_predict"]
        if runs and runs[-1].state == "done":
            break
        time.sleep(1)
    assert runs[-1].trigger == "asset_triggered"
    with airflow.catalog as catalog:
        assert sum(batch.rows for batch in catalog.batches.of_run(runs[-1].id)) == 1_797


def test_a_second_run_takes_everything_from_the_store(airflow: Running) -> None:
    assert airflow.run("second", {}) == "success"
    states = {e.stage: e.state for e in airflow.executions("second")}
    assert states.pop("discover") == "done"
    assert set(states.values()) == {"cached"}


def test_a_cleared_task_repeats_itself_and_changes_nothing(airflow: Running) -> None:
    before = airflow.executions("second")
    body = {
        "dry_run": False,
        "dag_run_id": "second",
        "task_ids": ["evaluate", "promote", "predict"],
    }
    airflow.client._call("POST", "/dags/tiny/clearTaskInstances", {**body, "only_failed": False})
    assert airflow.wait("tiny", "second") == "success"
    repeated = airflow.executions("second")[len(before) :]
    stages = ("folds", "shortcuts", "evaluate", "predict")
    assert {e.stage: e.state for e in repeated} == dict.fromkeys(stages, "cached")
    with airflow.catalog as catalog:
        record = catalog.runs.find("tiny", "second")
        assert record is not None
        assert record.state == "done"
        assert [p.decision for p in catalog.models.promotions("tiny") if p.run == record.id] == [
            "kept"
        ]


@pytest.mark.parametrize("conf", [{"epochs": "three"}, {"epochs": 0}, {"force": ["trian"]}])
def test_a_wrong_conf_is_refused_at_the_trigger(airflow: Running, conf: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        airflow.client.trigger("tiny", conf)


def test_an_unknown_key_fails_the_first_task_with_the_allowed_ones(airflow: Running) -> None:
    assert airflow.run("unknown", {"epoch": 3}) == "failed"
    log = airflow.client.log("tiny", "unknown", "discover", -1, 1)
    assert airflow.states("tiny", "unknown")["discover[-1]"] == "failed"
    assert "Task failed" in log


def test_xcoms_hold_references_only(airflow: Running) -> None:
    path = "/dags/tiny/dagRuns/first/taskInstances/~/xcomEntries"
    entries = list(airflow.client._pages(path, "xcom_entries"))
    assert len(entries) >= 10
    for entry in entries:
        if entry["key"] == "return_value":
            where = f"/dags/tiny/dagRuns/first/taskInstances/{entry['task_id']}/xcomEntries"
            one = airflow.client._call(
                "GET", f"{where}/return_value?map_index={entry['map_index']}"
            )
            assert len(json.dumps(one.json()["value"])) < 2_000


def test_a_training_process_that_is_killed_resumes_where_it_was(airflow: Running) -> None:
    airflow.client.trigger("tiny", {"limit": 500, "epochs": 600, "seed": 21}, "killed")
    child = training_process(airflow)
    wait_for_progress(airflow, "killed", at_least=3)
    child.kill()
    assert airflow.wait("tiny", "killed") == "success"
    attempts = [e for e in airflow.executions("killed") if e.stage == "train"]
    assert [e.state for e in attempts] == ["failed", "done"]
    log = airflow.client.log("tiny", "killed", "train", -1, 2)
    assert "resuming after epoch" in log
    assert airflow.run("unbroken", {"epochs": 600, "seed": 21, "force": ["train"]}) == "success"
    (again,) = [e for e in airflow.executions("unbroken") if e.stage == "train"]
    assert again.output.digest == attempts[-1].output.digest


@pytest.mark.browser
def test_the_trigger_form_starts_a_run(airflow: Running, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        log_in(page, airflow)
        page.goto(f"{airflow.client.url}/dags/tiny")
        page.get_by_role("button", name="Trigger").first.click()
        page.get_by_role("button", name="Training", exact=True).click()
        page.get_by_text("The spec says 16").wait_for()
        before = len(list(airflow.client._pages("/dags/tiny/dagRuns", "dag_runs")))
        page.get_by_role("button", name="Trigger").last.click()
        page.wait_for_timeout(3_000)
        browser.close()
    runs = list(airflow.client._pages("/dags/tiny/dagRuns?order_by=id", "dag_runs"))
    assert len(runs) == before + 1
    assert airflow.wait("tiny", runs[-1]["dag_run_id"]) == "success"


def log_in(page: Any, airflow: Running) -> None:
    page.goto(f"{airflow.client.url}/auth/login/")
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", password(airflow.installation.password_file))
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "login" not in url, timeout=30_000)


def training_process(airflow: Running) -> psutil.Process:
    store = airflow.installation.settings.store
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if "millrace.jobs" in words and any(word.startswith(store) for word in words):
                return process
        time.sleep(0.1)
    raise AssertionError("no training process was started")


def wait_for_progress(airflow: Running, run_id: str, at_least: int) -> None:
    path = f"/dags/tiny/dagRuns/{run_id}/taskInstances/train/state-store"
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        found = airflow.client._call("GET", path).json()["task_state_store"]
        progress = [json.loads(item["value"]) for item in found if item["key"] == "progress"]
        if progress and progress[0]["epoch"] >= at_least:
            return
        time.sleep(0.1)
    raise AssertionError("the epochs never reached Airflow's task state")
