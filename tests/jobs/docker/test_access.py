"""How containers reach the store: no network for a folder, private variables for the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from millrace.artifacts.manifest import Manifest
from millrace.artifacts.sealing.master_keys import new_key
from millrace.artifacts.store import Store
from millrace.errors import SpecError
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes.docker.access import access
from millrace.jobs.runtimes.docker.options import ContainerOptions, Mounted
from millrace.jobs.runtimes.docker.settings import DockerSettings

AWS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "s3cret",
    "AWS_SESSION_TOKEN": "t0ken",
    "AWS_ENDPOINT_URL": "http://store:9000",
    "AWS_PROFILE": "me",
    "HTTPS_PROXY": "http://proxy",
    "HOME": "/root",
    "DATABASE_PASSWORD": "hidden",
}


@pytest.fixture
def request_of() -> Callable[..., JobRequest]:
    def make(**locations: Any) -> JobRequest:
        return JobRequest("collect", "k" * 64, {}, {}, {}, locations)

    return make


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Store:
    pytest.importorskip("s3fs", reason="the extra s3 is not installed")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return Store("s3://bucket/prefix")


def test_a_folder_is_mounted_at_its_own_path_without_a_network(
    request_of: Any, store: Store, tmp_path: Path
) -> None:
    given = access(request_of(), store, DockerSettings(), AWS)
    assert given["mounts"] == (Mounted(f"{tmp_path}/store", f"{tmp_path}/store"),)
    assert (given["network"], given["private"]) == ("none", {})
    stat = (tmp_path / "store").stat()
    assert given["user"] == f"{stat.st_uid}:{stat.st_gid}"


def test_a_volume_is_mounted_where_airflow_has_it(
    request_of: Any, store: Store, tmp_path: Path
) -> None:
    settings = DockerSettings.load({"MILLRACE_DOCKER_VOLUME": f"millrace:{tmp_path}"})
    given = access(request_of(), store, settings, {})
    assert given["mounts"] == (Mounted("millrace", str(tmp_path), "volume"),)


def test_a_volume_without_the_store_is_refused(request_of: Any, store: Store) -> None:
    settings = DockerSettings.load({"MILLRACE_DOCKER_VOLUME": "millrace:/elsewhere"})
    with pytest.raises(SpecError, match=r"MILLRACE_DOCKER_VOLUME: the volume does not hold"):
        access(request_of(), store, settings, {})


def test_s3_gets_its_credentials_privately_and_nothing_else(request_of: Any, s3: Store) -> None:
    settings = DockerSettings.load({"MILLRACE_DOCKER_NETWORK": "stack"})
    given = access(request_of(), s3, settings, AWS)
    assert sorted(given["private"]) == [
        *("AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        "HTTPS_PROXY",
    ]
    assert (given["network"], given["mounts"], given["user"]) == ("stack", (), None)
    assert "s3cret" not in repr(ContainerOptions("image", **given))


def test_the_variables_that_a_jobs_locations_name_go_along(request_of: Any, store: Store) -> None:
    request = request_of(source={"url": "https://${TOKEN}@host/x", "path": "${UNSET:-a}"})
    given = access(request, store, DockerSettings(), {"TOKEN": "t", "OTHER": "o"})
    assert given["private"] == {"TOKEN": "t"}


def test_a_source_on_a_network_is_given_one(request_of: Any, store: Store) -> None:
    settings = DockerSettings(network="stack")
    given = access(request_of(source={"url": "${FROM:-https://host}/x"}), store, settings, AWS)
    assert (given["network"], list(given["private"])) == ("stack", ["HTTPS_PROXY"])
    given = access(request_of(source={"path": "s3://bucket/raw"}), store, settings, AWS)
    assert given["network"] == "stack"
    assert "AWS_SECRET_ACCESS_KEY" in given["private"]
    given = access(request_of(source={"path": "file:///raw"}), store, settings, AWS)
    assert (given["network"], given["private"]) == ("none", {})


def test_a_source_on_this_machine_is_refused_unless_mounted(
    request_of: Any, store: Store, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    request = request_of(source={"path": "${DATA}/images"})
    (data / "images").mkdir()
    with pytest.raises(SpecError, match=r"runtimes.collect local, or name .*DOCKER_MOUNTS"):
        access(request, store, DockerSettings(), {"DATA": str(data)})
    settings = DockerSettings.load({"MILLRACE_DOCKER_MOUNTS": f"{data}"})
    given = access(request, store, settings, {"DATA": str(data)})
    assert Mounted(str(data), str(data), "bind", read_only=True) in given["mounts"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MILLRACE_DOCKER_VOLUME", "millrace"),
        ("MILLRACE_DOCKER_VOLUME", "millrace:data"),
        ("MILLRACE_DOCKER_MOUNTS", "data"),
        ("MILLRACE_DOCKER_MOUNTS", "/data:inside"),
    ],
)
def test_a_path_that_is_not_absolute_is_refused(name: str, value: str) -> None:
    with pytest.raises(SpecError, match=f"{name}: not an absolute path"):
        DockerSettings.load({name: value})


KEYS = {"MILLRACE_MASTER_KEY": "m" * 44, "MILLRACE_PRIVACY_KEY": "p" * 44}


def test_keys_go_privately_to_the_jobs_that_need_them_only(
    request_of: Any, store: Store, tmp_path: Path
) -> None:
    plain = request_of()
    sealed = replace(plain, sealed=True)
    identified = replace(plain, sensitivity="identified")
    given = [
        access(one, store, DockerSettings(), AWS | KEYS)["private"]
        for one in (plain, sealed, identified)
    ]
    assert given == [{}, *({name: KEYS[name]} for name in KEYS)]
    assert "m" * 44 not in repr(ContainerOptions("image", private=given[1]))


def test_a_key_in_a_file_goes_by_its_value_and_a_missing_file_is_told(
    request_of: Any, store: Store, tmp_path: Path
) -> None:
    request = replace(request_of(), sealed=True)
    (tmp_path / "key").write_text("secret\n")
    env = {"MILLRACE_MASTER_KEY_FILE": str(tmp_path / "key")}
    given = access(request, store, DockerSettings(), env)["private"]
    assert given == {"MILLRACE_MASTER_KEY": "secret"}
    (tmp_path / "key").unlink()
    with pytest.raises(SpecError, match="cannot be read"):
        access(request, store, DockerSettings(), env)


def test_a_job_on_encrypted_inputs_gets_the_key_though_its_workflow_is_not_encrypted(
    request_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_MASTER_KEY", new_key())
    store = Store((tmp_path / "store").as_uri(), tmp_path / "cache", seals=True)
    (tmp_path / "x").write_bytes(b"x")
    ref = store.publish(Manifest("text", "ab" * 32, {"x": store.put(tmp_path / "x")})).ref
    request = replace(request_of(), inputs={"records": [ref]})
    given = access(request, store, DockerSettings(), KEYS)["private"]
    assert given == {"MILLRACE_MASTER_KEY": KEYS["MILLRACE_MASTER_KEY"]}
