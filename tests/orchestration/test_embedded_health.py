"""When an installation counts as healthy, and what is said when it never does."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from fake_airflow import FakeAirflow
from millrace.errors import TransientError
from millrace.orchestration.embedded.components import COMPONENTS, component
from millrace.orchestration.embedded.dagfiles import reason, wait_until_parsed
from millrace.orchestration.embedded.down import stop_all
from millrace.orchestration.embedded.health import hung, is_healthy, wait_until_healthy
from millrace.orchestration.embedded.installation import Installation
from millrace.orchestration.embedded.process import ManagedProcess
from millrace.orchestration.embedded.tail import tail
from millrace.orchestration.rest import AirflowClient

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def _launch(installation: Installation, name: str, command: list[str]) -> ManagedProcess:
    one = component(name)
    folder = installation.settings.home
    env = {**os.environ, "MILLRACE_HOME": str(folder)}  # by which `stop_all` finds it again
    process = ManagedProcess.start(name, command, env, folder, one.log(installation))
    process.write(one.file(installation))
    return process


@pytest.fixture
def sleeping(installation: Installation) -> Iterator[Installation]:
    """An installation whose components are processes that only sleep."""
    for one in COMPONENTS:
        _launch(installation, one.name, SLEEP)
    yield installation
    stop_all(installation, COMPONENTS)


def _health(age: float = 0.0, status: str = "healthy") -> dict[str, Any]:
    beat = datetime.fromtimestamp(time.time() - age, UTC).isoformat()
    names = ("scheduler", "triggerer", "dag_processor")
    beats = {name: {"status": status, f"latest_{name}_heartbeat": beat} for name in names}
    return {"metadatabase": {"status": "healthy"}, **beats}


def _client(fake: FakeAirflow) -> AirflowClient:
    return AirflowClient(fake.url, "admin", fake.password)


def test_all_healthy_is_told_one_by_one(sleeping: Installation, fake: FakeAirflow) -> None:
    fake.answers["GET", "/api/v2/monitor/health"] = (200, _health())
    told: list[str] = []
    with _client(fake) as client:
        wait_until_healthy(sleeping, client, 10, told.append)
    assert sorted(told) == sorted(f"{one.name} is ready" for one in COMPONENTS)


def test_a_heartbeat_of_the_process_before_does_not_count(sleeping: Installation) -> None:
    assert is_healthy(component("scheduler"), sleeping, _health())
    assert not is_healthy(component("scheduler"), sleeping, _health(age=3600))


def test_a_component_that_died_is_named_with_the_end_of_its_log(
    sleeping: Installation, fake: FakeAirflow
) -> None:
    dying = [sys.executable, "-c", "raise SystemExit('no such table: job')"]
    assert _launch(sleeping, "triggerer", dying).wait(20)
    told: list[str] = []
    with _client(fake) as client, pytest.raises(TransientError, match="the triggerer stopped"):
        wait_until_healthy(sleeping, client, 10, told.append)
    assert "no such table: job" in told[-1]


def test_a_silent_component_is_named(sleeping: Installation, fake: FakeAirflow) -> None:
    fake.answers["GET", "/api/v2/monitor/health"] = (200, _health(status="unhealthy"))
    with (
        _client(fake) as client,
        pytest.raises(TransientError, match="not healthy after 0 s: scheduler, dag-processor"),
    ):
        wait_until_healthy(sleeping, client, 0, lambda _: None)


def test_what_is_alive_but_silent_hangs(sleeping: Installation, fake: FakeAirflow) -> None:
    document = _health()
    fake.answers["GET", "/api/v2/monitor/health"] = (200, document)
    with _client(fake) as client:
        assert hung(sleeping, client, 0.1) == []
        document["scheduler"]["status"] = "unhealthy"
        assert hung(sleeping, client, 0.1) == [component("scheduler")]


def test_a_server_that_does_not_answer_hangs_and_accuses_nobody(
    sleeping: Installation, fake: FakeAirflow
) -> None:
    fake.answers["GET", "/api/v2/monitor/health"] = (200, b"not json")
    with _client(fake) as client:
        assert hung(sleeping, client, 0.1) == [component("api-server")]


def test_a_delay_is_not_taken_for_a_hang(sleeping: Installation, fake: FakeAirflow) -> None:
    fake.answers["GET", "/api/v2/monitor/health"] = [
        (200, _health(status="unhealthy")),
        (200, _health()),
    ]
    with _client(fake) as client:
        assert hung(sleeping, client, 10) == []


def test_a_tail_has_no_colours_and_no_empty_lines(tmp_path: Any) -> None:
    (tmp_path / "log").write_text("one\n\n\x1b[31mtwo\x1b[0m\nthree\n\n")
    assert tail(tmp_path / "log", 2) == "two\nthree"
    assert tail(tmp_path / "none", 2) == ""


def test_dag_files_are_waited_for_and_errors_are_explained(
    installation: Installation, fake: FakeAirflow
) -> None:
    for name in ("good", "broken", "late"):
        (installation.dags / f"{name}.py").write_text("# an Airflow DAG")
    (installation.dags / "helper.py").write_text("# something else")
    now = datetime.now(UTC).isoformat()
    dag = {"dag_id": "good", "relative_fileloc": "good.py", "last_parsed_time": now}
    fake.answers["GET", "/api/v2/dags"] = (200, {"dags": [dag]})
    error = {
        "filename": "broken.py",
        "stack_trace": "Traceback\n  File\nSpecError: no such field\n",
    }
    fake.answers["GET", "/api/v2/importErrors"] = (200, {"import_errors": [error]})
    with _client(fake) as client:
        parsed = wait_until_parsed(client, installation.dags, time.time() - 5, 0.3)
    assert parsed.dags == ("good",)
    assert parsed.errors == {"broken.py": "SpecError: no such field"}
    assert parsed.missing == ("late.py",)


def test_an_empty_traceback_has_a_reason_too() -> None:
    assert reason("\n") == "unknown reason"
