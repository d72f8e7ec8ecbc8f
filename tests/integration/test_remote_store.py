"""The whole workflow with its store on S3 over HTTP, and the endpoint failing meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import tiny_workflow
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.cli import main
from millrace.jobs.local_run import run_workflow
from millrace.settings import Settings
from millrace.web.library import Library
from s3_server import S3Server, refuse, reset

pytestmark = [pytest.mark.tensorflow, pytest.mark.s3]


@dataclass(frozen=True)
class Installed:
    """An installation on S3 in which `tiny` has run once."""

    s3: S3Server
    bucket: str
    settings: Settings
    home: Path

    @property
    def catalog(self) -> Catalog:
        return Catalog(self.settings.catalog)

    def states(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for execution in self.catalog.executions.of_run(self.catalog.runs.latest()[0].id):
            found.setdefault(execution.stage, set()).add(execution.state)
        return found


def run(**conf: Any) -> dict[str, Any]:
    return run_workflow("tiny", {"limit": 500, **conf})


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    folder = tmp_path_factory.mktemp("remote")
    (folder / "workflows").mkdir()
    (folder / "workflows" / "tiny.yaml").write_text(tiny_workflow.SPEC)
    s3 = S3Server()
    bucket = s3.bucket()
    variables = {
        "MILLRACE_HOME": str(folder / "home"),
        "MILLRACE_WORKFLOWS": str(folder / "workflows"),
        "MILLRACE_STORE": f"s3://{bucket}/deep/store",
        **s3.environment(),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        settings = Settings.load()
        Catalog(settings.catalog).migrate()
        with (  # an endpoint that is never quite well
            s3.failing(refuse(503, "SlowDown"), "PUT", "/objects/", times=3),
            s3.failing(refuse(500, "InternalError"), "GET", "/manifests/", times=2),
            s3.failing(reset, "PUT", "/checkpoints/", times=1),
            s3.failing(reset, "PUT", "/manifests/", times=2),
        ):
            assert run()["decision"] == "promoted"
        yield Installed(s3, bucket, settings, folder / "home")
    s3.close()


def test_a_run_on_a_faltering_endpoint_delivers_each_prediction_once(installed: Installed) -> None:
    connection = sqlite3.connect(installed.home / "predictions.db")
    query = "select count(*), count(distinct record_id) from predictions"
    total, distinct = connection.execute(query).fetchone()
    connection.close()
    (batch,) = installed.catalog.batches.latest()
    assert total == distinct == batch.rows > 0


def test_nothing_is_left_on_this_machine_but_the_cache(installed: Installed) -> None:
    assert not (installed.home / "store").exists()
    assert list((installed.home / "scratch").iterdir()) == []
    assert {path.name for path in (installed.home / "cache").iterdir()} == {"objects"}


def test_a_second_run_takes_everything_from_the_bucket(installed: Installed) -> None:
    before = [key for key in installed.s3.keys(installed.bucket) if "/objects/" in key]
    assert run()["decision"] == "kept"
    states = installed.states()
    assert states.pop("discover") == {"done"}
    assert set.union(*states.values()) == {"cached"}
    after = [key for key in installed.s3.keys(installed.bucket) if "/objects/" in key]
    assert after == before


def test_another_machine_finds_the_results_and_verifies_them(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("MILLRACE_CATALOG", installed.settings.catalog)
    monkeypatch.setenv("MILLRACE_PREDICTIONS", installed.settings.predictions)
    assert run()["decision"] == "kept"
    assert installed.states()["train"] == {"cached"}


def test_the_report_reads_artifacts_from_the_bucket(installed: Installed, tmp_path: Path) -> None:
    store = Store(installed.settings.store, tmp_path / "cache")
    library = Library(installed.catalog, store, lambda dag_id: True)
    record = installed.catalog.runs.latest()[-1]
    for execution in installed.catalog.executions.of_run(record.id):
        artifact = library.open(execution.output)
        assert artifact is not None
        for name in artifact.manifest.files:
            assert artifact.path(name).stat().st_size == artifact.manifest.files[name].bytes


def test_the_bucket_holds_no_checkpoint_and_no_secret(installed: Installed) -> None:
    keys = installed.s3.keys(installed.bucket)
    assert not [key for key in keys if "/checkpoints/" in key]
    client = installed.s3.client()
    secret = installed.s3.environment()["AWS_SECRET_ACCESS_KEY"].encode()
    for key in keys:
        assert secret not in client.get_object(Bucket=installed.bucket, Key=key)["Body"].read()


@pytest.mark.parametrize("command", [["run", "tiny", "--local"], ["up"]], ids=["run", "up"])
def test_a_store_that_refuses_is_told_before_anything_runs(
    installed: Installed, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    runs = len(installed.catalog.runs.latest(limit=100))
    with installed.s3.failing(refuse(403, "AccessDenied"), "PUT"):
        assert main(command) == 64
    said = capsys.readouterr().err
    assert f"s3://{installed.bucket}/deep/store" in said
    assert "s3:PutObject" in said
    assert len(installed.catalog.runs.latest(limit=100)) == runs
    assert not list(installed.home.glob("run/*.json"))


def test_the_status_says_what_is_wrong_with_the_store(
    installed: Installed, capsys: pytest.CaptureFixture[str]
) -> None:
    (installed.home / "run").mkdir(exist_ok=True)
    with installed.s3.failing(refuse(403, "AccessDenied"), "PUT"):
        assert main(["status"]) == 75
    said = " ".join(capsys.readouterr().out.split())
    assert "the store refuses access" in said
