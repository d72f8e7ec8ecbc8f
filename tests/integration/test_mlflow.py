"""Runs in a real MLflow tracking store: complete, once, and never at a run's expense."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from millrace.cli import main
from millrace.jobs import tracking
from millrace.jobs.tracking import guard
from millrace.jobs.workflow_run import RunIdentity, open_run
from millrace.settings import Settings

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("default"),  # MLflow and its migrations warn of themselves
]


@pytest.fixture(scope="module")
def uri(installed: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A tracking store in SQLite, in which two runs were logged: one trained, one cached."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        patch.setattr(guard, "PATIENCE", 120.0)  # the store is made on a busy machine
        installed.run(seed=2)
        installed.run(seed=2)
        yield uri


@pytest.fixture(scope="module")
def client(uri: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri)


def runs(client: Any) -> list[Any]:
    experiment = client.get_experiment_by_name("tiny")
    return list(client.search_runs([experiment.experiment_id], order_by=["start_time"]))


def again(installed: Any, number: int = 0, **changes: Any) -> bool:
    """Log the newest run, or an older one, once more."""
    record = installed.catalog.runs.latest()[number]
    run = open_run(RunIdentity("tiny", record.dag_id, record.run_id))
    made = {e.stage: e.output for e in run.catalog.executions.of_run(run.id)}
    (version,) = [v for v in run.catalog.models.versions("tiny") if v.bundle == made["train"]]
    outcome = {"decision": "refused", "version": version.version, "reasons": []}
    return tracking.publish(
        run, made["train"].to_document(), made["evaluate"].to_document(), outcome
    )


def test_a_run_has_its_tags_and_parameters(installed: Any, client: Any) -> None:
    first, second = runs(client)
    record = installed.catalog.runs.latest()[1]
    assert first.info.run_name == record.run_id
    assert first.info.status == "FINISHED"
    assert first.data.tags["millrace.catalog_run"] == str(record.id)
    assert first.data.params["train.seed"] == "2"
    assert first.data.params["sources.digits.kind"] == "sklearn"
    bundle = installed.catalog.models.versions("tiny")[-1].bundle
    assert {run.data.tags["millrace.bundle"] for run in (first, second)} == {bundle.digest}


def test_a_cached_run_has_all_figures_too(client: Any) -> None:
    first, second = runs(client)
    assert first.data.metrics == second.data.metrics
    assert {"loss", "validation_accuracy", "test/accuracy"} <= set(first.data.metrics)
    history = client.get_metric_history(second.info.run_id, "loss")
    assert [point.step for point in history] == [1, 2, 3, 4, 5, 6]


def test_report_plots_and_bundle_are_artifacts(client: Any) -> None:
    run = runs(client)[0].info.run_id
    files = {
        f.path for folder in ("evaluation", "bundle") for f in client.list_artifacts(run, folder)
    }
    assert {"evaluation/report.json", "evaluation/plots", "bundle/model.onnx"} <= files
    plots = [f.path for f in client.list_artifacts(run, "evaluation/plots")]
    assert any(path.endswith(".png") for path in plots)
    assert [f.path for f in client.list_artifacts(run, "bundle/saved_model")] != []


def test_a_bundle_is_one_registered_version_however_many_runs_have_it(client: Any) -> None:
    versions = client.search_model_versions("name = 'tiny'")
    assert len(versions) == 1
    assert versions[0].tags["millrace.bundle"] == runs(client)[0].data.tags["millrace.bundle"]


def test_logging_again_doubles_nothing(installed: Any, client: Any) -> None:
    before = [(r.data.metrics, r.data.params, r.data.tags) for r in runs(client)]
    assert again(installed)
    assert again(installed, 1)
    assert [(r.data.metrics, r.data.params, r.data.tags) for r in runs(client)] == before
    history = client.get_metric_history(runs(client)[0].info.run_id, "loss")
    assert len(history) == 6
    assert len(client.search_model_versions("name = 'tiny'")) == 1


def test_a_run_that_was_logged_in_part_is_completed(installed: Any, client: Any) -> None:
    run = runs(client)[0].info.run_id
    client.delete_tag(run, "millrace.logged")  # as if it was killed before the end
    assert again(installed, 1)
    history = client.get_metric_history(run, "loss")
    assert [point.step for point in history] == [1, 2, 3, 4, 5, 6]
    assert "millrace.logged" in client.get_run(run).data.tags


def test_the_alias_follows_the_champion_to_and_fro(installed: Any, client: Any) -> None:
    """The champion is the fixture's, which was never logged; the later trial was refused."""
    models = installed.catalog.models
    assert tracking.champion_changed(Settings.load(), installed.catalog, "tiny")
    assert client.get_registered_model("tiny").aliases == {}
    assert again(installed, 2)  # now it is
    assert named_champion(client) == models.versions("tiny")[0].bundle.digest
    models.decide("tiny", 2, "promoted", "", "a person", None, 1)
    assert tracking.champion_changed(Settings.load(), installed.catalog, "tiny")
    assert named_champion(client) == models.get("tiny", 2).bundle.digest
    assert main(["rollback", "tiny", "--because", "a test"]) == 0
    assert named_champion(client) == models.get("tiny", 1).bundle.digest


def named_champion(client: Any) -> str:
    return str(client.get_model_version_by_alias("tiny", "champion").tags["millrace.bundle"])


@contextmanager
def silent_server() -> Iterator[int]:
    """A server that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        yield server.getsockname()[1]


@contextmanager
def slow_server(seconds: float) -> Iterator[int]:
    """A server that answers every request with an error, late."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(seconds)
            self.send_error(503)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def logged_at(installed: Any, uri: str, patch: pytest.MonkeyPatch) -> tuple[bool, float]:
    patch.setenv("MLFLOW_TRACKING_URI", uri)
    patch.setattr(guard, "PATIENCE", 10.0)
    began = time.monotonic()
    return again(installed), time.monotonic() - began


@pytest.mark.parametrize(
    "wrong", ["http://127.0.0.1:9", "htp://nowhere", "not a uri", "sqlite:////proc/none/mlflow.db"]
)
def test_a_wrong_uri_is_a_warning_with_a_remedy(
    installed: Any,
    client: Any,
    wrong: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    done, seconds = logged_at(installed, wrong, monkeypatch)
    assert not done
    assert seconds < 10
    assert "Clear the task `promote`" in caplog.text


def test_a_server_that_never_answers_costs_a_few_seconds(
    installed: Any, client: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with silent_server() as port:
        done, seconds = logged_at(installed, f"http://127.0.0.1:{port}", monkeypatch)
    assert not done
    assert seconds < 8
    assert "was not logged" in caplog.text


def test_a_server_that_fails_late_costs_a_few_seconds(
    installed: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with slow_server(2.0) as port:
        done, seconds = logged_at(installed, f"http://127.0.0.1:{port}", monkeypatch)
    assert not done
    assert seconds < 8


def test_patience_has_an_end(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setattr(guard, "PATIENCE", 0.2)
    began = time.monotonic()
    assert not guard.unharmed(Settings.load(), "a run", lambda client, clock: time.sleep(5))
    assert time.monotonic() - began < 3


def test_a_password_in_the_uri_is_not_logged(
    installed: Any, client: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    done, _ = logged_at(installed, "http://me:hunter2@127.0.0.1:9", monkeypatch)
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("millrace")]
    assert not done
    assert "hunter2" not in "".join(ours)


def test_nothing_is_imported_where_nothing_is_set(home: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys, millrace.jobs.steps\n"
        "from millrace.jobs.tracking.guard import unharmed\n"
        "from millrace.settings import Settings\n"
        "unharmed(Settings.load({}), 'a run', None)\n"
        "sys.exit('mlflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
