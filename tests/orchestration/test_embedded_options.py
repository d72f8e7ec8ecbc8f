"""The table of Airflow's settings, and what the components inherit."""

from __future__ import annotations

import subprocess
import sys

import pytest

from millrace.orchestration.embedded.installation import Installation
from millrace.orchestration.embedded.options import OPTIONS, environment
from millrace.orchestration.embedded.preload import MODULES


def test_every_option_has_a_reason_and_appears_once() -> None:
    assert all(len(option.reason) > 10 for option in OPTIONS)
    assert len({option.variable for option in OPTIONS}) == len(OPTIONS)


@pytest.mark.airflow
def test_every_option_exists_in_this_airflow() -> None:
    from airflow.configuration import conf

    known = conf.configuration_description
    missing = [o.variable for o in OPTIONS if o.key not in known[o.section]["options"]]
    assert missing == []


def test_the_port_reaches_every_address(installation: Installation) -> None:
    env = environment(installation, 8123, {})
    assert env["AIRFLOW__API__PORT"] == "8123"
    assert env["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:8123"
    assert env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8123/execution/"


def test_nothing_listens_beyond_loopback(installation: Installation) -> None:
    env = environment(installation, 8123, {"AIRFLOW__API__HOST": "0.0.0.0"})
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] == "False"


def test_variables_for_another_airflow_do_not_leak_in(installation: Installation) -> None:
    foreign = {
        "AIRFLOW_HOME": "/elsewhere",
        "AIRFLOW__CORE__DAGS_FOLDER": "/elsewhere/dags",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////elsewhere/airflow.db",
    }
    env = environment(installation, 8123, foreign)
    assert not [name for name, value in env.items() if "/elsewhere" in value]


def test_a_person_may_tune_what_is_only_a_default(installation: Installation) -> None:
    env = environment(installation, 8123, {"AIRFLOW__CORE__PARALLELISM": "32"})
    assert env["AIRFLOW__CORE__PARALLELISM"] == "32"


def test_tasks_see_the_settings_of_this_installation(installation: Installation) -> None:
    env = environment(installation, 8123, {})
    assert env["MILLRACE_HOME"] == str(installation.settings.home)
    assert env["MILLRACE_CATALOG"] == installation.settings.catalog
    assert str(installation.settings.project / "include") in env["PYTHONPATH"].split(":")


_LIST = """
import sys
sys.argv = ["airflow", "{component}"]
from millrace.orchestration.embedded.preload import preload
preload()
print(*sys.modules)
"""


def _modules(component: str) -> set[str]:
    code = _LIST.format(component=component)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_scheduler_loads_the_list_but_no_stage_and_nothing_with_threads() -> None:
    loaded = _modules("scheduler")
    assert set(MODULES) <= loaded
    assert not [m for m in loaded if m.startswith(("millrace.data.", "millrace.learning."))]
    assert not loaded & {"millrace.artifacts.tables", "tensorflow", "onnxruntime", "sklearn"}


def test_the_other_components_load_nothing() -> None:
    assert not set(MODULES) & _modules("api-server")
