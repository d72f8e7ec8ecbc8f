"""The whole life of an embedded Airflow, with its real components: up, run, crash, repair, down."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from millrace.orchestration.embedded import address
from millrace.orchestration.embedded.components import COMPONENTS, component
from millrace.orchestration.embedded.down import down
from millrace.orchestration.embedded.installation import Installation
from millrace.orchestration.embedded.up import Running, up
from millrace.orchestration.rest import AirflowClient

pytestmark = pytest.mark.scheduler

_DAGS = '''"""Two Airflow DAGs: one ends at once, the other waits for a file."""
from pathlib import Path
from airflow.sdk import dag, task

@dag(schedule=None)
def quick():
    @task
    def parts(): return [1, 2, 3]
    @task
    def double(n): return 2 * n
    double.expand(n=parts())

@dag(schedule=None)
def patient():
    @task
    def wait():
        import subprocess, sys, time
        Path("{folder}/began").open("a").write("x")
        nap = [sys.executable, "-c", "import time; time.sleep(300)"]
        if not Path("{folder}/go").exists():
            subprocess.run(nap, start_new_session=True)
    wait()

quick()
patient()
'''


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation of its own on a free port, with a DAG folder of two."""
    folder = tmp_path_factory.mktemp("embedded")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    places = {"MILLRACE_HOME": folder / "home", "MILLRACE_DAGS": folder / "dags"}
    env = {name: str(place) for name, place in places.items()}
    found = Installation.load({**env, "MILLRACE_PORT": str(port)})
    found.prepare()
    (found.dags / "two.py").write_text(_DAGS.format(folder=folder))
    yield found
    down(found, lambda _: None)


@pytest.fixture(scope="module")
def running(installation: Installation) -> Running:
    """The installation, started once for all tests of this file."""
    return up(installation, lambda _: None)


@pytest.fixture
def client(installation: Installation, running: Running) -> Iterator[AirflowClient]:
    """A client that is logged in."""
    with address.client(installation) as found:
        yield found


def _until(what: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)


def _ends(client: AirflowClient, dag_id: str, run_id: str) -> str:
    _until(lambda: client.run(dag_id, run_id)["state"] in ("success", "failed"), 90)
    return str(client.run(dag_id, run_id)["state"])


def _pid(installation: Installation, name: str) -> int:
    process = component(name).process(installation)
    assert process is not None
    return process.pid


def _ours(installation: Installation) -> list[str]:
    """Return every process with a connection to the home: by environment, or an open file."""
    home = str(installation.settings.home)
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            text = [*process.environ().values(), *(file.path for file in process.open_files())]
        except psutil.Error:
            continue
        if any(home in one for one in text):
            found.append(f"{process.pid} {process.cmdline()}")
    return found


def test_it_comes_up_with_its_dags_and_its_pool(running: Running, client: AirflowClient) -> None:
    assert running.started == tuple(one.name for one in COMPONENTS)
    assert running.parsed.dags == ("patient", "quick")
    assert running.parsed.errors == {}
    assert client._json(client._call("GET", "/pools/gpu"))["slots"] == 1


def test_it_listens_on_loopback_alone(running: Running, installation: Installation) -> None:
    family = psutil.Process(_pid(installation, "api-server"))
    listening = [c.laddr.ip for c in family.net_connections("inet") if c.status == "LISTEN"]
    assert set(listening) == {"127.0.0.1"}


def test_up_again_changes_nothing(running: Running, installation: Installation) -> None:
    before = [_pid(installation, one.name) for one in COMPONENTS]
    assert up(installation, lambda _: None).started == ()
    assert [_pid(installation, one.name) for one in COMPONENTS] == before


def test_a_run_over_rest_succeeds(client: AirflowClient) -> None:
    run_id = client.trigger("quick", {})["dag_run_id"]
    assert _ends(client, "quick", run_id) == "success"
    mapped = [t for t in client.task_instances("quick", run_id) if t["map_index"] >= 0]
    assert [t["state"] for t in mapped] == ["success"] * 3


def test_a_killed_scheduler_is_repaired_and_its_run_goes_on(
    installation: Installation, client: AirflowClient
) -> None:
    folder = installation.settings.home.parent
    run_id = client.trigger("patient", {})["dag_run_id"]
    _until(lambda: (folder / "began").exists())
    scheduler = _pid(installation, "scheduler")
    others = [_pid(installation, one.name) for one in COMPONENTS[1:]]
    os.kill(scheduler, signal.SIGKILL)
    _until(lambda: not component("scheduler").runs(installation))
    (folder / "go").touch()
    assert up(installation, lambda _: None).started == ("scheduler",)
    assert [_pid(installation, one.name) for one in COMPONENTS[1:]] == others
    assert not [p for p in psutil.process_iter() if _session(p) == scheduler]
    assert _ends(client, "patient", run_id) == "success"
    assert (folder / "began").read_text() == "xx"


def test_a_scheduler_that_hangs_is_replaced(
    installation: Installation, client: AirflowClient
) -> None:
    scheduler = _pid(installation, "scheduler")
    others = [_pid(installation, one.name) for one in COMPONENTS[1:]]
    os.kill(scheduler, signal.SIGSTOP)
    _until(lambda: client.health()["scheduler"]["status"] == "unhealthy")
    told: list[str] = []
    assert up(installation, told.append).started == ("scheduler",)
    assert "the scheduler runs but has not answered for 20 s" in told
    assert not psutil.pid_exists(scheduler)
    assert [_pid(installation, one.name) for one in COMPONENTS[1:]] == others
    run_id = client.trigger("quick", {})["dag_run_id"]
    assert _ends(client, "quick", run_id) == "success"


def test_a_server_that_hangs_is_replaced(installation: Installation, running: Running) -> None:
    os.kill(_pid(installation, "api-server"), signal.SIGSTOP)
    assert up(installation, lambda _: None).started == ("api-server",)


def test_another_port_is_explained_and_nothing_moves(
    installation: Installation, running: Running
) -> None:
    told: list[str] = []
    again = up(replace(installation, port=9), told.append)
    assert (again.url, again.started) == (running.url, ())
    assert "not on 9 as MILLRACE_PORT says" in told[-1]


def test_down_in_the_middle_of_a_task_leaves_nothing_behind(
    installation: Installation, client: AirflowClient
) -> None:
    folder = installation.settings.home.parent
    (folder / "go").unlink(missing_ok=True)
    (folder / "began").unlink()
    client.trigger("patient", {})
    _until(lambda: (folder / "began").exists())
    stopped = down(installation, lambda _: None)
    assert stopped.components == tuple(one.name for one in COMPONENTS)
    assert _ours(installation) == []
    assert not list(installation.run.glob("*-*.json"))
    assert down(installation, lambda _: None).components == ()


def _session(process: psutil.Process) -> int:
    try:
        return os.getsid(process.pid)
    except OSError:
        return -1


def test_the_run_goes_on_after_the_next_start(installation: Installation) -> None:
    folder: Path = installation.settings.home.parent
    (folder / "go").touch()
    assert len(up(installation, lambda _: None).started) == len(COMPONENTS)
    with address.client(installation) as client:
        _until(lambda: not client.active_runs(), 90)
    assert (folder / "began").read_text() == "xx"
    down(installation, lambda _: None)
    assert _ours(installation) == []
