"""A container and a store over S3: it works, and its credentials are only where they must be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import docker_daemon
import s3_server
from millrace.artifacts.store import Store
from millrace.jobs.runtimes.docker.access import access
from millrace.jobs.runtimes.docker.options import ContainerOptions
from millrace.jobs.runtimes.docker.settings import DockerSettings

pytestmark = [pytest.mark.docker, pytest.mark.s3]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Store]:
    pytest.importorskip("s3fs", reason="the extra s3 is not installed")
    server = s3_server.S3Server()
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    yield Store(f"s3://{server.bucket()}/store", tmp_path / "cache")
    server.close()


def test_credentials_reach_the_container_and_no_document(
    bucket: Store,
    request_for: Any,
    runtime_for: Any,
    options: ContainerOptions,
    begun: Callable[[], str],
    label: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    request = request_for("wait", 2)
    settings = replace(DockerSettings(), network="host")  # the server is on this host's loopback
    given = access(request, bucket, settings)
    mounts = options.mounts[1:]  # without the folder of another store
    runtime = runtime_for(user=None, network="host", private=given["private"], mounts=mounts)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(runtime, request, bucket, Path("/nowhere"), lambda event: None)
        found = json.loads(docker_daemon.docker("inspect", begun()))[0]
        assert running.result().ref.rows == 3
    secret = s3_server.SECRET_KEY
    assert f"AWS_SECRET_ACCESS_KEY={secret}" in found["Config"].pop("Env")
    assert secret not in json.dumps(found)
    assert secret not in caplog.text
    documents = list(bucket.backend.names("documents"))
    assert any("requests/" in name for name in documents)
    assert all(secret.encode() not in (bucket.backend.read(name) or b"") for name in documents)
    assert docker_daemon.containers(label) == []
