"""Jobs in real containers: results, failures, what a container may do, and that it goes."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import docker_daemon
from millrace.artifacts.store import Store
from millrace.errors import DataError, MillraceError, SpecError, TransientError
from millrace.jobs import request as request_module
from millrace.jobs.runtimes.docker.daemon import Daemon, connect
from millrace.jobs.runtimes.docker.launch import Launch
from millrace.jobs.runtimes.docker.names import container_name
from millrace.jobs.runtimes.docker.options import GIB
from millrace.jobs.runtimes.docker.runtime import DockerRuntime

pytestmark = pytest.mark.docker
Make = Callable[..., Any]


def perform(runtime: DockerRuntime, request: Any, store: Store) -> Any:
    return runtime(request, store, Path("/nowhere"), lambda event: None)


def stop(runtime: DockerRuntime) -> None:
    daemon = Daemon(connect)
    runtime.stop(daemon)
    daemon.close()


def test_a_container_publishes_what_it_made_and_goes(
    runtime_for: Make, request_for: Make, store: Store, label: str
) -> None:
    artifact = perform(runtime_for(), request_for(), store)
    assert artifact.ref.rows == 3
    assert docker_daemon.containers(label) == []


@pytest.mark.parametrize(
    ("do", "kind", "text"),
    [
        ("data", DataError, "a.bin: the file is torn. Fetch it again."),
        ("later", TransientError, "the disk is busy"),
        ("bug", MillraceError, "container ended with code 70"),
        ("fill", TransientError, "No space left on device|full"),
    ],
)
def test_a_failure_arrives_as_its_kind(
    runtime_for: Make, request_for: Make, store: Store, label: str, do: str, kind: Any, text: str
) -> None:
    with pytest.raises(kind, match=f"(?s){text}"):
        perform(runtime_for(), request_for(do), store)
    assert docker_daemon.containers(label) == []


def test_a_container_that_eats_its_memory_is_told_with_the_limit(
    runtime_for: Make, request_for: Make, store: Store
) -> None:
    with pytest.raises(TransientError, match=r"out of memory.*\(137\).*0\.375 GiB.*memory_gib"):
        perform(runtime_for(memory=GIB * 3 // 8), request_for("eat"), store)


def test_a_missing_image_is_not_pulled(runtime_for: Make, request_for: Make, store: Store) -> None:
    with pytest.raises(SpecError, match=r"millrace-nowhere:1.*make images"):
        perform(runtime_for(image="millrace-nowhere:1"), request_for(), store)


@pytest.fixture
def foreign(tmp_path: Path, label: str) -> Iterator[str]:
    """An image of no files that says it is of another architecture."""
    name = f"millrace-{label.rpartition('=')[2]}:foreign"
    with io.BytesIO() as layer:
        tarfile.open(fileobj=layer, mode="w").close()
        files = {"layer.tar": layer.getvalue()}
    digest = f"sha256:{hashlib.sha256(files['layer.tar']).hexdigest()}"
    rootfs = {"type": "layers", "diff_ids": [digest]}
    config = {"architecture": "s390x", "os": "linux", "rootfs": rootfs, "config": {}}
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    files |= {
        "config.json": json.dumps(config).encode(),
        "manifest.json": json.dumps(manifest).encode(),
    }
    with tarfile.open(tmp_path / "image.tar", "w") as archive:
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    docker_daemon.docker("load", "--input", tmp_path / "image.tar")
    yield name
    docker_daemon.docker("image", "rm", name)


def test_an_image_of_another_architecture_is_refused(
    runtime_for: Make, request_for: Make, store: Store, foreign: str
) -> None:
    with pytest.raises(SpecError, match=r"another architecture; expected \w+; received s390x"):
        perform(runtime_for(image=foreign), request_for(), store)


def test_a_gpu_that_is_not_there_is_told_or_done_without(
    runtime_for: Make, request_for: Make, store: Store, label: str
) -> None:
    with pytest.raises(SpecError, match=r"GPU was asked for.*resources.gpus: 0.*without_gpu"):
        perform(runtime_for(gpus=1), request_for(), store)
    assert docker_daemon.containers(label) == []
    assert perform(runtime_for(gpus=1, gpus_needed=False), request_for(), store).ref.rows == 3


def test_an_image_that_knows_only_older_requests_refuses(
    runtime_for: Make, request_for: Make, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_module, "FORMAT", 2)
    with pytest.raises(MillraceError, match=r"(?s)code 64.*unknown request format"):
        perform(runtime_for(), request_for(), store)


def test_a_container_may_do_little(
    runtime_for: Make, request_for: Make, store: Store, begun: Callable[[], str]
) -> None:
    runtime = runtime_for(cpus=1.5, memory=GIB, processes=200, private={"KEY": "s3cret"})
    with ThreadPoolExecutor() as pool:
        running = pool.submit(perform, runtime, request_for("wait", 20), store)
        name = begun()
        found = json.loads(docker_daemon.docker("inspect", name))[0]
        stop(runtime)
        with pytest.raises(TransientError, match="stopped"):
            running.result()
    host, config = found["HostConfig"], found["Config"]
    assert (host["NanoCpus"], host["Memory"], host["MemorySwap"]) == (1_500_000_000, GIB, GIB)
    assert (host["PidsLimit"], host["ShmSize"], host["ReadonlyRootfs"]) == (200, GIB, True)
    assert (host["CapDrop"], host["NetworkMode"], host["Privileged"]) == (["ALL"], "none", False)
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["LogConfig"] == {
        "Type": "json-file",
        "Config": {"max-size": "20m", "max-file": "3"},
    }
    assert host["RestartPolicy"]["Name"] == "no"
    assert config["Labels"]["millrace.run"] == "1"
    assert config["Labels"]["millrace.key"] == request_for("wait", 20).key
    volume = next(m["Name"] for m in found["Mounts"] if m["Destination"] == "/scratch")
    with pytest.raises(RuntimeError, match=r"(?i)no such volume"):  # it goes with its container
        docker_daemon.docker("volume", "inspect", volume)
    assert "s3cret" not in json.dumps([found["Path"], found["Args"], config["Labels"], name])


def test_stopping_ends_a_container_within_seconds(
    runtime_for: Make, request_for: Make, store: Store, label: str, begun: Callable[[], str]
) -> None:
    runtime = runtime_for()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(perform, runtime, request_for("wait", 60), store)
        begun()
        start = time.monotonic()
        stop(runtime)
        assert time.monotonic() - start < 20, "it did not wait for the job's end"
        with pytest.raises(TransientError, match="stopped"):
            running.result()
    assert docker_daemon.containers(label) == []  # both remove it; who is second does not wait


def test_two_launchers_of_a_key_share_a_container(
    runtime_for: Make, request_for: Make, store: Store, label: str
) -> None:
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            seen.update(docker_daemon.docker("ps", "-q", "--filter", f"label={label}").split())

    with ThreadPoolExecutor() as pool:
        looking = pool.submit(look)
        request = request_for("wait", 3)
        both = [pool.submit(perform, runtime_for(), request, store) for _ in range(2)]
        made = {one.result().ref.digest for one in both}
        over.set()
        looking.result()
    assert (len(made), len(seen)) == (1, 1)


def test_a_container_that_never_started_is_replaced(
    runtime_for: Make, request_for: Make, store: Store, label: str, image: str
) -> None:
    request = request_for()
    name = container_name(request, store)
    docker_daemon.docker("create", "--name", name, "--label", label, image, "true")
    assert perform(runtime_for(), request, store).ref.rows == 3


def test_the_result_of_a_container_that_ended_unseen_is_taken(
    runtime_for: Make, request_for: Make, store: Store, label: str
) -> None:
    request, runtime = request_for(), runtime_for()
    given = runtime.options(request, store)
    Launch(runtime.daemon, request, store, given, runtime.labels, runtime.memory).get()
    name = container_name(request, store)
    docker_daemon.docker("wait", name)
    made = store.find(request.key)
    assert made is not None
    assert perform(runtime_for(image="millrace-nowhere:1"), request, store).ref == made.ref
    assert docker_daemon.containers(label) == []


def test_a_container_that_somebody_removes_is_a_reason_to_retry(
    runtime_for: Make, request_for: Make, store: Store, begun: Callable[[], str]
) -> None:
    with ThreadPoolExecutor() as pool:
        running = pool.submit(perform, runtime_for(), request_for("wait", 20), store)
        docker_daemon.docker("rm", "--force", begun())
        with pytest.raises(TransientError, match=r"removed while it ran|signal 9"):
            running.result()
