"""The plugin: mounted where it is served, weightless elsewhere, closed to strangers."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from airflow.api_fastapi.core_api import security
from airflow.plugins_manager import AirflowPlugin

from millrace.catalog.catalog import Catalog
from millrace.settings import Settings

PLUGINS = Path(__file__).parents[2] / "plugins"
FILE = PLUGINS / "millrace_plugin.py"


@pytest.fixture
def plugin() -> ModuleType:
    spec = importlib.util.spec_from_file_location("millrace_plugin_under_test", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def status(app: Any, path: str) -> int:
    return ask(app, path)[0]


def ask(app: Any, path: str) -> tuple[int, str]:
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [],
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return await asyncio.Future()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], b"".join(message["body"] for message in sent[1:]).decode()


def test_the_folder_holds_this_one_plugin() -> None:
    """Airflow executes every file there."""
    assert list(PLUGINS.rglob("*.py")) == [FILE]


def test_the_views_lead_to_the_pages(plugin: ModuleType) -> None:
    nav, run = plugin.MillracePlugin.external_views
    assert issubclass(plugin.MillracePlugin, AirflowPlugin)
    assert (nav["destination"], nav["href"]) == ("nav", "/millrace/")
    assert (run["name"], run["destination"]) == ("Report", "dag_run")
    assert run["href"] == "/millrace/runs?dag_id={DAG_ID}&run_id={RUN_ID}"


@pytest.mark.parametrize("command", ["scheduler", "dag-processor", "triggerer", "tasks"])
def test_other_processes_mount_nothing(
    plugin: ModuleType, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["airflow", command])
    plugin.MillracePlugin.on_load()
    assert not plugin.MillracePlugin.fastapi_apps


def test_the_api_server_mounts_the_pages(
    plugin: ModuleType, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["airflow", "api-server", "--port", "8080"])
    plugin.MillracePlugin.on_load()
    (mounted,) = plugin.MillracePlugin.fastapi_apps
    assert mounted["url_prefix"] == "/millrace"
    assert not home.exists()


@pytest.mark.parametrize("path", ["/", "/runs", f"/artifacts/{'a' * 64}", "/style.css"])
def test_strangers_are_sent_away(plugin: ModuleType, home: Path, path: str) -> None:
    app = plugin.guarded_app()
    assert status(app, path) == 401


class Manager:
    """Stands for Airflow's auth manager: who may see runs at all, and of which DAGs."""

    def __init__(self, *dag_ids: str, runs: bool = True) -> None:
        self._dag_ids, self._runs = set(dag_ids), runs

    def get_authorized_dag_ids(self, **_: Any) -> set[str]:
        return self._dag_ids

    def is_authorized_dag(self, **_: Any) -> bool:
        return self._runs


@pytest.fixture
def app_for(
    plugin: ModuleType, monkeypatch: pytest.MonkeyPatch, home: Path
) -> Callable[[Manager], Any]:
    """Make the app as a logged-in user gets it; two workflows have a run each."""
    with Catalog(Settings.load().catalog) as catalog:
        catalog.migrate()
        for name in ("digits", "mnist"):
            catalog.runs.start("run 1", name, name, {}, "0" * 64, {}, "manual", "0.1.0")

    def make(manager: Manager) -> Any:
        monkeypatch.setattr("airflow.api_fastapi.app.get_auth_manager", lambda: manager)
        monkeypatch.setattr(security, "get_auth_manager", lambda: manager)
        app = plugin.guarded_app()
        app.dependency_overrides[security.get_user] = lambda: "vera"
        return app

    return make


def test_a_user_sees_the_dags_that_airflow_lets_them_read(app_for: Callable[..., Any]) -> None:
    code, text = ask(app_for(Manager("digits")), "/")
    assert code == 200
    assert "digits" in text
    assert "mnist" not in text


def test_who_may_not_read_runs_sees_no_page(app_for: Callable[..., Any]) -> None:
    assert status(app_for(Manager("digits", runs=False)), "/") == 403


def test_loading_the_plugin_elsewhere_imports_none_of_the_pages() -> None:
    code = (
        "import runpy, sys; sys.argv = ['airflow', 'scheduler'];"
        f"runpy.run_path({str(FILE)!r})['MillracePlugin'].on_load();"
        "sys.exit(any(name.split('.')[0] == 'millrace' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
