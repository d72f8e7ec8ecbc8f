"""What a container survives: its launcher's death, a cut log, a daemon that is away for a while."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import docker_daemon
from docker_proxy import DockerProxy
from millrace.artifacts.store import Store
from millrace.errors import SpecError, TransientError
from millrace.jobs.runtimes.docker import watch
from millrace.jobs.runtimes.docker.daemon import Daemon, connect
from millrace.jobs.runtimes.docker.launch import Launch
from millrace.jobs.runtimes.docker.names import container_name
from millrace.jobs.runtimes.docker.runtime import DockerRuntime

pytestmark = pytest.mark.docker
Make = Callable[..., Any]


class Notes:
    """A memory that a test can look into."""

    def __init__(self) -> None:
        self.note: dict[str, Any] = {}

    def load(self) -> dict[str, Any]:
        return self.note

    def save(self, note: dict[str, Any]) -> None:
        self.note = dict(note)


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[DockerProxy]:
    docker_daemon.need_daemon()
    made = DockerProxy(tmp_path / "docker.sock")
    yield made
    made.close()


@pytest.fixture
def through(proxy: DockerProxy) -> Callable[[], Any]:
    """Make clients that speak with the daemon through the proxy."""
    from docker import APIClient

    return lambda: APIClient(base_url=f"unix://{proxy.path}", timeout=10)


def perform(runtime: DockerRuntime, request: Any, store: Store) -> Any:
    return runtime(request, store, Path("/nowhere"), lambda event: None)


def ticks(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.getMessage().startswith("tick")]


def launched(runtime: DockerRuntime, request: Any, store: Store) -> str:
    given = runtime.options(request, store)
    found = Launch(runtime.daemon, request, store, given, runtime.labels, runtime.memory).get()
    return str(found.id)  # type: ignore[union-attr]


def test_what_a_killed_launcher_left_goes_where_the_result_is_in_the_store(
    runtime_for: Make, request_for: Make, store: Store, label: str
) -> None:
    request, notes = request_for("wait", 2), Notes()
    launched(runtime_for(notes), request, store)
    next_try = runtime_for(notes)
    next_try.tidy()
    assert docker_daemon.containers(label) != []  # it runs
    deadline = time.monotonic() + 60
    while docker_daemon.containers(label) and time.monotonic() < deadline:
        time.sleep(0.2)
        next_try.tidy()
    assert docker_daemon.containers(label) == []
    assert store.find(request.key) is not None


def test_the_next_launcher_follows_the_container_of_a_killed_one(
    runtime_for: Make, request_for: Make, store: Store, label: str, begun: Callable[[], str]
) -> None:
    request = request_for("wait", 5)
    child = os.fork()
    if child == 0:  # a worker that is about to die
        perform(runtime_for(), request, store)
        os._exit(0)
    name = begun()
    first = docker_daemon.docker("inspect", "--format", "{{.Id}}", name)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    notes = Notes()
    later = {**vars(request), "attempt": "1-2"}
    artifact = perform(runtime_for(notes), type(request)(**later), store)
    assert artifact.ref.rows == 3
    assert notes.note["container"] == first
    assert docker_daemon.containers(label) == []


def test_a_retry_shows_the_log_from_where_the_last_try_was(
    runtime_for: Make, request_for: Make, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    notes, request = Notes(), request_for("wait", 3)
    runtime = runtime_for(notes)
    container = launched(runtime, request, store)
    while "tick 5" not in docker_daemon.docker("logs", container):
        time.sleep(0.1)
    lines = docker_daemon.docker("logs", "--timestamps", container).splitlines()
    seen = next(line.split()[0] for line in lines if line.endswith("tick 4"))
    notes.save({"container": container, "logged": seen})
    perform(runtime, request, store)
    assert ticks(caplog) == [f"tick {number}" for number in range(5, 12)]


def test_a_cut_log_goes_on_without_a_line_lost_or_doubled(
    runtime_for: Make,
    request_for: Make,
    store: Store,
    proxy: DockerProxy,
    through: Callable[[], Any],
    begun: Callable[[], str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(perform, runtime_for(way=through), request_for("wait", 4), store)
        begun()
        for _ in range(3):
            proxy.cut()
            time.sleep(0.4)
        assert running.result().ref.rows == 3
    assert ticks(caplog) == [f"tick {number}" for number in range(16)]


def test_a_daemon_that_is_away_for_a_while_is_waited_for(
    runtime_for: Make,
    request_for: Make,
    store: Store,
    proxy: DockerProxy,
    through: Callable[[], Any],
    label: str,
    begun: Callable[[], str],
) -> None:
    with ThreadPoolExecutor() as pool:
        running = pool.submit(perform, runtime_for(way=through), request_for("wait", 3), store)
        begun()
        proxy.open = False
        proxy.cut()
        time.sleep(3)
        proxy.open = True
        assert running.result().ref.rows == 3
    assert docker_daemon.containers(label) == []


@pytest.mark.parametrize("says", ["502 Bad Gateway", "500 Server is shutting down"])
def test_a_proxy_whose_daemon_is_away_is_waited_for(
    runtime_for: Make,
    request_for: Make,
    store: Store,
    proxy: DockerProxy,
    through: Callable[[], Any],
    label: str,
    begun: Callable[[], str],
    says: str,
) -> None:
    with ThreadPoolExecutor() as pool:
        running = pool.submit(perform, runtime_for(way=through), request_for("wait", 3), store)
        name = begun()
        proxy.says = says
        proxy.cut()
        time.sleep(1.5)
        assert docker_daemon.containers(label) == [name]
        proxy.says = ""
        assert running.result().ref.rows == 3
    assert docker_daemon.containers(label) == []


def test_a_proxy_whose_daemon_stays_away_leaves_the_container(
    runtime_for: Make,
    request_for: Make,
    store: Store,
    proxy: DockerProxy,
    through: Callable[[], Any],
    label: str,
) -> None:
    request = request_for("wait", 6)
    launched(runtime_for(), request, store)
    proxy.says = "503 Service Unavailable"
    with pytest.raises(TransientError) as caught:
        perform(runtime_for(way=through), request, store)
    assert type(caught.value) is TransientError
    assert docker_daemon.containers(label) == [container_name(request, store)]


class MoodyStore(Store):
    """A store that is not there when a request is read for the first time."""

    failed = False

    def read_document(self, name: str) -> bytes | None:
        if name.startswith("requests/") and not self.failed:
            self.failed = True
            raise TransientError("the store does not answer", received="503")
        return super().read_document(name)


def test_a_store_that_fails_while_a_container_is_attached_to_costs_no_container(
    runtime_for: Make, request_for: Make, store: Store, label: str
) -> None:
    request = request_for("wait", 3)
    container = launched(runtime_for(), request, store)
    moody, notes = MoodyStore(store.uri), Notes()
    with pytest.raises(TransientError, match="503"):
        perform(runtime_for(), request, moody)
    assert docker_daemon.docker("inspect", "--format", "{{.State.Status}}", container) == "running"
    assert perform(runtime_for(notes), request, moody).ref.rows == 3
    assert notes.note["container"] == container


def test_a_container_whose_request_is_lost_is_followed(
    runtime_for: Make, request_for: Make, store: Store
) -> None:
    request, notes = request_for("wait", 3), Notes()
    container = launched(runtime_for(), request, store)
    while not docker_daemon.docker("logs", container):
        time.sleep(0.1)
    root = store.local_root
    assert root is not None
    (lost,) = root.rglob(f"requests/{request.key}.json")
    lost.unlink()
    assert perform(runtime_for(notes), request, store).ref.rows == 3
    assert notes.note["container"] == container


@pytest.mark.parametrize(("later", "taken"), [("1-2", True), ("2-1", False)])
def test_a_forced_result_that_nobody_saw_is_taken_by_its_own_run_alone(
    runtime_for: Make, request_for: Make, store: Store, later: str, taken: bool
) -> None:
    forced = request_for(replace=True)
    docker_daemon.docker("wait", launched(runtime_for(), forced, store))
    notes = Notes()
    again = type(forced)(**{**vars(forced), "attempt": later})
    assert perform(runtime_for(notes), again, store).ref.rows == 3
    assert (notes.note == {}) is taken


def test_what_is_stopped_after_its_job_is_no_container(
    runtime_for: Make, request_for: Make, store: Store, label: str
) -> None:
    request, runtime = request_for("wait", 4), runtime_for()
    perform(runtime, request, store)
    container = launched(runtime_for(), request, store)  # somebody else's, of the same key
    daemon = Daemon(connect)
    runtime.stop(daemon)
    daemon.close()
    assert docker_daemon.docker("inspect", "--format", "{{.State.Status}}", container) == "running"
    docker_daemon.docker("kill", container)


def test_a_daemon_that_stays_away_leaves_the_container_to_the_next_try(
    runtime_for: Make,
    request_for: Make,
    store: Store,
    proxy: DockerProxy,
    through: Callable[[], Any],
    label: str,
    begun: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "PATIENCE", 1.0)
    request = request_for("wait", 6)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(perform, runtime_for(way=through), request, store)
        name = begun()
        proxy.open = False
        proxy.cut()
        with pytest.raises(TransientError, match="does not answer for 1 s"):
            running.result()
    assert docker_daemon.containers(label) == [name]
    assert perform(runtime_for(), request, store).ref.rows == 3
    assert docker_daemon.containers(label) == []


def test_a_container_that_makes_something_else_gives_way(
    runtime_for: Make, request_for: Make, store: Store, label: str
) -> None:
    plain = request_for("wait", 3)
    container = launched(runtime_for(), plain, store)
    forced = type(plain)(**{**vars(plain), "replace": True})
    notes = Notes()
    assert perform(runtime_for(notes), forced, store).ref.rows == 3
    assert notes.note["container"] != container
    assert docker_daemon.containers(label) == []


def test_no_daemon_is_a_reason_to_retry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    with pytest.raises(TransientError, match=r"nothing.sock: the Docker daemon does not answer"):
        Daemon(connect).architecture()


def test_a_socket_without_permission_names_the_group(
    proxy: DockerProxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    proxy.path.chmod(0o000)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{proxy.path}")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        for folder in (tmp_path, *tmp_path.parents[:3]):
            folder.chmod(0o755)
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        try:
            connect()
        except SpecError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as said:
        assert "Add the user that runs Airflow's workers to the group docker." in said.read()


def test_the_name_of_a_container_is_of_its_key_and_store(request_for: Make, store: Store) -> None:
    request = request_for()
    other = Store(f"{store.uri}-2")
    assert container_name(request, store).startswith(f"millrace-collect-{request.key[:24]}-")
    assert container_name(request, store) != container_name(request, other)
