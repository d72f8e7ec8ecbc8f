"""The stack's Docker proxy before the real daemon: what a training needs, and nothing else."""

from __future__ import annotations

import gc
import http.client
import itertools
import json
import os
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import docker_daemon
import socket_proxy

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]

IMAGE = docker_daemon.TRAINER
HOST = {
    "NetworkMode": "none",
    "CapDrop": ["ALL"],
    "SecurityOpt": ["no-new-privileges:true"],
    "ReadonlyRootfs": True,
}
NAME = f"millrace-test-{os.getpid()}"
COUNT = itertools.count()
CREATE = f"/containers/create?name={NAME}"
LINES = "import time\nfor n in range(3): print('line', n, flush=True); time.sleep({pause})"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    docker_daemon.need_image(IMAGE)
    if not socket_proxy.available():
        pytest.skip(socket_proxy.MISSING)
    with socket_proxy.socket_proxy(tmp_path_factory.mktemp("proxy")) as url:
        yield url


@pytest.fixture
def label() -> Iterator[str]:
    with docker_daemon.labelled(f"proxy-{os.getpid()}") as label:
        yield label


@pytest.fixture
def client(url: str) -> Iterator[Any]:
    from docker import APIClient

    client = APIClient(url, version="auto", timeout=60)
    yield client
    client.close()


def ask(url: str, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
    """Send one request as it is written here, which no client would tidy up."""
    connection = http.client.HTTPConnection(url.removeprefix("tcp://"), timeout=30)
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    try:
        connection.request(method, path, text, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


def document(label: str, **fields: Any) -> dict[str, Any]:
    """A request for a container that is allowed, but for what `fields` change."""
    name, _, value = label.partition("=")
    labels = {"millrace.key": "0" * 64, name: value}
    return {"Image": IMAGE, "Cmd": ["true"], "Labels": labels, "HostConfig": HOST, **fields}


def make(client: Any, label: str, code: str) -> str:
    name, _, value = label.partition("=")
    made = client.create_container(
        IMAGE,
        ["-c", code],
        entrypoint=["python"],
        labels={"millrace.key": "0" * 64, name: value},
        volumes=["/scratch"],
        name=f"{NAME}-{next(COUNT)}",
        host_config=client.create_host_config(
            network_mode="none",
            tmpfs={"/tmp": "size=16m"},
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
            read_only=True,
        ),
    )
    return str(made["Id"])


def stranger(label: str) -> str:
    """A container that Millrace did not make."""
    return docker_daemon.docker("create", "--label", label, "--entrypoint", "true", IMAGE)


@contextmanager
def recording(path: Path, answer: str) -> Iterator[list[str]]:
    """A daemon's socket that answers all requests alike; gives the requests that came."""
    asked: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline().decode().rpartition(" ")[0])
            while self.rfile.readline().strip():
                pass
            head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(answer)}\r\n\r\n"
            self.wfile.write(f"{head}{answer}".encode())

    with socketserver.UnixStreamServer(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield asked
        finally:
            server.shutdown()
            thread.join()


def test_a_container_lives_its_whole_life_through_the_proxy(client: Any, label: str) -> None:
    assert client.ping()
    assert client.version()["Arch"]
    assert client.inspect_image(IMAGE)["Id"].startswith("sha256:")
    container = make(client, label, LINES.format(pause=0))
    client.start(container)
    assert client.wait(container)["StatusCode"] == 0
    assert client.logs(container) == b"line 0\nline 1\nline 2\n"
    assert client.inspect_container(container)["State"]["ExitCode"] == 0
    assert client.containers(all=True, filters={"label": label})[0]["Id"] == container
    client.remove_container(container, v=True, force=True)
    assert client.containers(all=True, filters={"label": label}) == []


def test_a_running_container_is_stopped_and_killed(client: Any, label: str) -> None:
    sleeping = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(5)); time.sleep(60)"
    for end, code in (("stop", {5, 137}), ("kill", {137})):
        container = make(client, label, sleeping)
        client.start(container)
        getattr(client, end)(container)
        assert client.wait(container)["StatusCode"] in code


def test_lines_arrive_when_they_are_printed(client: Any, label: str) -> None:
    container = make(client, label, LINES.format(pause=1))
    client.start(container)
    arrived = [time.monotonic() for _ in client.logs(container, stream=True, follow=True)]
    assert len(arrived) == 3
    assert arrived[2] - arrived[0] > 1.2


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_attaching_follows_a_container_from_its_start(client: Any, label: str) -> None:
    container = make(client, label, LINES.format(pause=0.1))
    stream = client.attach(container, stdout=True, stderr=True, stream=True)  # as Airflow does
    client.start(container)
    assert b"".join(stream) == b"line 0\nline 1\nline 2\n"
    stream.close()
    del stream
    gc.collect()  # the SDK forgets to close the connection that it took over


def test_dockers_own_client_follows_a_log(url: str, client: Any, label: str) -> None:
    container = make(client, label, LINES.format(pause=0.2))
    client.start(container)
    command = ["docker", "--host", url, "logs", "--follow", container]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, b"line 0\nline 1\nline 2\n"), done.stderr


def test_what_the_docker_runtime_makes_is_allowed(
    url: str, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from millrace.jobs.runtimes.docker.daemon import Daemon, connect
    from millrace.jobs.runtimes.docker.names import KEY
    from millrace.jobs.runtimes.docker.options import GIB, ContainerOptions

    monkeypatch.setenv("DOCKER_HOST", url)
    daemon = Daemon(connect)
    given = {"private": {"AWS_SECRET_ACCESS_KEY": "x"}, "memory": GIB, "cpus": 1.0}
    name, _, value = label.partition("=")
    for number, gpus in enumerate((0, 1)):
        options = ContainerOptions(IMAGE, gpus=gpus, **given)
        labels = {KEY: "0" * 64, name: value}
        made = daemon.create(f"{NAME}-gpu-{number}", options, ["--help"], labels)
        assert made
        assert daemon.inspect(made)
    assert len(daemon.labelled(label)) == 2
    assert daemon.image(IMAGE)
    assert daemon.architecture()
    daemon.client.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/info"),
        ("GET", "/events"),
        ("GET", "/volumes"),
        ("POST", "/volumes/create"),
        ("POST", "/volumes/prune"),
        ("GET", "/networks"),
        ("POST", "/networks/create"),
        ("POST", "/networks/bridge/connect"),
        ("POST", "/build"),
        ("POST", "/build/prune"),
        ("POST", "/session"),
        ("POST", "/grpc"),
        ("POST", "/images/create?fromImage=debian"),
        ("POST", "/images/load"),
        ("GET", "/images/json"),
        ("GET", "/images/debian:bookworm/json"),
        ("GET", "/images/evil/millrace-trainer:cpu/json"),
        ("POST", "/containers/create"),
        ("POST", "/containers/create?name=other"),
        ("POST", "/containers/create?name=millrace-test&platform=linux"),
        ("POST", f"/images/{IMAGE}/tag?repo=x"),
        ("DELETE", f"/images/{IMAGE}"),
        ("POST", "/commit?container=x"),
        ("POST", "/auth"),
        ("GET", "/secrets"),
        ("GET", "/configs"),
        ("GET", "/plugins"),
        ("POST", "/swarm/init"),
        ("GET", "/nodes"),
        ("GET", "/services"),
        ("POST", "/exec/x/start"),
        ("POST", "/containers/prune"),
        ("HEAD", "/containers/x/archive?path=/"),
        ("GET", "/containers/x/archive?path=/"),
        ("PUT", "/containers/x/archive?path=/"),
        ("GET", "/containers/x/export"),
        ("POST", "/containers/x/exec"),
        ("POST", "/containers/x/update"),
        ("POST", "/containers/x/rename?name=y"),
        ("POST", "/containers/x/restart"),
        ("GET", "/containers/x/attach/ws"),
        ("GET", "/containers/x/top"),
        ("TRACE", "/_ping"),
        ("PUT", "/_ping"),
        ("GET", "/"),
    ],
)
def test_everything_else_is_refused_with_a_sentence(url: str, method: str, path: str) -> None:
    for prefix in ("", "/v1.41"):
        status, body = ask(url, method, prefix + path)
        assert status in ((405, 403) if method == "TRACE" else (403,)), (prefix + path, body)
        assert method in ("HEAD", "TRACE") or "The Docker proxy of the stack refuses" in body


@pytest.mark.parametrize(
    "path",
    [
        "//volumes",
        "/containers/../volumes",
        "/containers/x/../../volumes",
        "/containers/json/../../volumes",
        "/containers/x%2Farchive/json",
        "/containers/x/%6a%73%6f%6e/../archive",
        "/containers/%2e%2e/volumes",
        "/images/../volumes/x/json",
        "/images/x/../../volumes/json",
        "/images/a//b/json",
        "/v1.41/v1.41/volumes",
        "/v1.41/../volumes",
        "/containers/x/json/../archive?path=/",
        "/-/containers/x/json",
        "/containers/json%00/../volumes",
        "/volumes#/containers/json",
        "/containers/-x/json",
    ],
)
def test_paths_that_mean_something_else_to_the_daemon_are_refused(url: str, path: str) -> None:
    status, body = ask(url, "GET", path)
    assert status in (400, 403, 404), body
    assert "Mountpoint" not in body
    assert '"Volumes"' not in body


@pytest.mark.parametrize(
    "host",
    [
        {"Binds": ["/:/host"]},
        {"binds": ["/:/host"]},
        {"Mounts": [{"Type": "bind", "Source": "/", "Target": "/host"}]},
        {"Mounts": [{"Type": "volume", "Source": "millrace_postgres", "Target": "/x"}]},
        {"Mounts": [{"type": "bind", "Source": "/", "Target": "/host"}]},
        {"Privileged": True},
        {"CapAdd": ["SYS_ADMIN"]},
        {"NetworkMode": "host"},
        {"NetworkMode": "container:x"},
        {"NetworkMode": "millrace_data"},
        {"PidMode": "host"},
        {"IpcMode": "host"},
        {"UTSMode": "host"},
        {"UsernsMode": "host"},
        {"CgroupnsMode": "host"},
        {"Devices": [{"PathOnHost": "/dev/sda"}]},
        {"DeviceCgroupRules": ["a *:* rwm"]},
        {"SecurityOpt": ["seccomp=unconfined"]},
        {"SecurityOpt": ["apparmor=unconfined", "no-new-privileges"]},
        {"VolumesFrom": ["x"]},
        {"VolumeDriver": "x"},
        {"CgroupParent": "/"},
        {"Runtime": "other"},
        {"Sysctls": {"net.ipv4.ip_forward": "1"}},
        {"PortBindings": {"80/tcp": [{"HostPort": "80"}]}},
        {"ExtraHosts": ["a:1.2.3.4"]},
        {"GroupAdd": ["0"]},
        {"RestartPolicy": {"Name": "always"}},
        {"LogConfig": {"Type": "syslog"}},
        {"MaskedPaths": ["/x"]},
        {"MaskedPaths": []},
        {"ReadonlyPaths": []},
        {"CapDrop": []},
        {"CapDrop": ["NET_RAW"]},
        {"CapDrop": None},
        {"SecurityOpt": []},
        {"SecurityOpt": None},
        {"SecurityOpt": ["no-new-privileges:false"]},
        {"ReadonlyRootfs": False},
        {"ReadonlyRootfs": None},
        {"Runtime": "runc"},
        {"NetworkMode": "other-training"},
        {"OomScoreAdj": -1000},
        {"FieldOfTomorrow": True},
        {"__proto__": {"Privileged": True}},
        ["NetworkMode"],
        "none",
    ],
)
def test_no_container_gets_more_than_its_image(url: str, label: str, host: Any) -> None:
    asked = {**HOST, **host} if isinstance(host, dict) else host
    status, body = ask(url, "POST", CREATE, document(label, HostConfig=asked))
    assert (status, "HostConfig" in body or "NetworkMode" in body) == (403, True), body


@pytest.mark.parametrize(
    "fields",
    [
        {"Image": "debian:12"},
        {"Image": "evil/millrace-trainer:cpu"},
        {"Image": "millrace-trainer"},
        {"Labels": {}},
        {"Labels": None},
        {"Labels": {"millrace.key": "0" * 64, "com.docker.compose.project": "millrace"}},
        {"Labels": {"millrace.key": "0" * 64, "millrace.x": 1}},
        {"Labels": {"millrace.run": "1"}},
        {"hostconfig": {"Privileged": True}},
        {"HOSTCONFIG": {"Binds": ["/:/host"]}},
        {"HostConfig": {}},
        {"HostConfig": None},
        {"Volumes": {"/:/host": {}}},
        {"NetworkingConfig": {"EndpointsConfig": {"millrace_data": {}}}},
        {"NetworkingConfig": {"EndpointsConfig": {"x-training": {"IPAddress": "1.2.3.4"}}}},
        {"ExposedPorts": {"80/tcp": {}}},
        {"FieldOfTomorrow": 1},
    ],
)
def test_requests_for_other_containers_are_refused(url: str, label: str, fields: Any) -> None:
    status, body = ask(url, "POST", CREATE, document(label, **fields))
    assert status == 403, body
    assert docker_daemon.containers(label) == []


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "1", '"x"', "\x00"])
def test_a_body_that_is_no_request_is_refused(url: str, body: str) -> None:
    assert ask(url, "POST", CREATE, body)[0] == 403


def test_the_daemon_gets_what_was_checked_where_a_field_stands_twice(url: str, label: str) -> None:
    text = json.dumps(document(label))
    twice = text.replace('"HostConfig":', '"HostConfig": {"Privileged": true}, "HostConfig":')
    assert twice != text
    assert ask(url, "POST", CREATE, twice)[0] == 201
    (name,) = docker_daemon.containers(label)
    form = "{{.HostConfig.Privileged}}"  # the daemon itself would merge both fields
    assert docker_daemon.docker("inspect", "--format", form, name) == "false"


def test_a_body_that_is_too_long_is_refused(url: str, label: str) -> None:
    status, _ = ask(url, "POST", CREATE, document(label, Env=["X=" + "x" * (2 << 20)]))
    assert status == 413


def test_containers_of_others_are_out_of_reach(url: str, label: str) -> None:
    container = stranger(label)
    for method, path in [
        ("GET", "/json"),
        ("GET", "/logs?stdout=1"),
        ("POST", "/start"),
        ("POST", "/stop"),
        ("POST", "/kill"),
        ("POST", "/attach?stream=1"),
        ("POST", "/wait"),
        ("DELETE", "?force=1"),
    ]:
        status, body = ask(url, method, f"/containers/{container}{path}")
        assert (status, "none of Millrace's" in body) == (403, True), (method, path)
    assert docker_daemon.containers(label)


def test_containers_of_another_stacks_trainings_are_out_of_reach(url: str, label: str) -> None:
    name, _, value = label.partition("=")
    labels = ("--label", f"{name}={value}", "--label", "millrace.key=" + "0" * 64)
    other = ("--network", "bridge", "--entrypoint", "true", IMAGE)
    container = docker_daemon.docker("create", *labels, *other)
    assert ask(url, "GET", f"/containers/{container}/json")[0] == 403
    assert ask(url, "DELETE", f"/containers/{container}?force=1")[0] == 403


@pytest.mark.parametrize("version", ["1.0", "1.18", "1.23", "1.024", "2.24"])
def test_versions_whose_start_takes_settings_are_refused(url: str, version: str) -> None:
    status, _ = ask(url, "POST", f"/v{version}/containers/{NAME}/start", {"Privileged": True})
    assert (status, ask(url, "GET", f"/v{version}/_ping")[0]) == (403, 403)


def test_a_start_takes_no_settings_along(url: str, client: Any, label: str) -> None:
    container = make(client, label, "")
    for path in (f"/v1.41/containers/{container}/start", f"/containers/{container}/start"):
        status, said = ask(url, "POST", path, {"Binds": ["/:/host"], "Privileged": True})
        assert status in (204, 304), said  # the daemon itself refuses any body
    form = "{{.HostConfig.Privileged}} {{.HostConfig.Binds}}"
    assert docker_daemon.docker("inspect", "--format", form, container) == "false []"


def test_the_daemon_is_asked_for_the_container_that_was_looked_at(tmp_path: Path) -> None:
    if not socket_proxy.available():
        pytest.skip(socket_proxy.MISSING)
    known = {
        "Id": "f" * 64,
        "Config": {"Labels": {"millrace.key": "0" * 64}},
        "HostConfig": {"NetworkMode": "x-training"},
    }
    with (
        recording(tmp_path / "daemon.sock", json.dumps(known)) as asked,
        socket_proxy.socket_proxy(tmp_path, str(tmp_path / "daemon.sock"), "x-training") as url,
    ):
        assert ask(url, "POST", f"/v1.41/containers/{NAME}/stop?t=5")[0] == 200
        assert asked == [
            f"GET /containers/{NAME}/json",
            f"POST /v1.41/containers/{'f' * 64}/stop?t=5",
        ]


def test_a_container_that_is_gone_is_said_to_be_gone(client: Any) -> None:
    from docker.errors import NotFound

    with pytest.raises(NotFound):
        client.inspect_container("millrace-train-gone")


def test_no_other_request_may_change_the_protocol(url: str) -> None:
    status, _ = ask(url, "GET", "/containers/json", Connection="Upgrade", Upgrade="h2c")
    assert status == 200


def test_a_daemon_that_is_down_is_said_to_be_down(tmp_path: Path) -> None:
    if not socket_proxy.available():
        pytest.skip(socket_proxy.MISSING)
    with socket_proxy.socket_proxy(tmp_path, str(tmp_path / "none.sock")) as url:
        status, body = ask(url, "GET", "/_ping")
        assert (status, "does not reach the daemon" in body) == (502, True)
