"""The compose file: valid, refused without secrets, and each promise of the stack kept in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import compose_stack
from stack.environment import parse, prepare
from stack.rules import SECRETS

PROJECT = compose_stack.PROJECT
BUILT = {"image-airflow", "image-trainer", "image-trainer-gpu"}
ONCE = {"airflow-init"}
AIRFLOW = {
    "airflow-init",
    "api-server",
    "scheduler",
    "dag-processor",
    "triggerer",
    "worker",
    "flower",
}
OPTIONAL = {
    "s3": {"s3"},
    "backup": {"backup"},
    "tls": {"tls"},
    "flower": {"flower"},
    "mlflow": {"mlflow"},
    "gpu": {"image-trainer-gpu"},
    "build": {"image-airflow", "image-trainer"},
}
DOCUMENT = compose_stack.as_written()
SERVICES: dict[str, dict[str, Any]] = DOCUMENT["services"]
RUNNING = sorted(set(SERVICES) - BUILT - ONCE)


@pytest.fixture(scope="module")
def document(variables: dict[str, str]) -> dict[str, Any]:
    return compose_stack.resolved(variables)


def mounted(service: dict[str, Any]) -> list[str]:
    return [str(volume) for volume in service.get("volumes", [])]


def test_compose_accepts_the_file_with_a_generated_env(document: dict[str, Any]) -> None:
    assert set(document["services"]) == set(SERVICES)


@pytest.mark.parametrize("name", [*SECRETS, "DOCKER_GID"])
def test_compose_refuses_a_missing_secret_and_says_what_to_do(
    variables: dict[str, str], name: str
) -> None:
    done = compose_stack.compose(variables | {name: ""}, "config")
    assert done.returncode != 0
    assert "run make stack" in done.stderr
    assert not [each for each in SECRETS if each != name and variables[each] in done.stderr]


def test_compose_refuses_the_example_as_it_is() -> None:
    if not shutil.which("docker-compose"):
        pytest.skip(compose_stack.MISSING)
    example = parse((PROJECT / ".env.example").read_text())
    assert compose_stack.compose(example, "config").returncode != 0


def test_every_variable_is_in_the_example_with_the_default_of_the_file() -> None:
    used = dict(re.findall(r"\$\{([A-Z0-9_]+)(?::?[-?]([^}]*))?\}", compose_stack.FILE.read_text()))
    example = parse((PROJECT / ".env.example").read_text())
    assert set(used) <= set(example)
    assert set(example) - set(used) == {"COMPOSE_PROFILES"}
    defaults = dict(re.findall(r"\$\{([A-Z0-9_]+):-([^}]*)\}", compose_stack.FILE.read_text()))
    assert {name: example[name] for name in defaults} == defaults


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_image_has_a_version(document: dict[str, Any], name: str) -> None:
    _, _, tag = document["services"][name]["image"].rpartition(":")
    assert re.search(r"\d+\.\d+", tag), tag


@pytest.mark.parametrize("name", RUNNING)
def test_a_service_is_watched_limited_and_comes_back(document: dict[str, Any], name: str) -> None:
    service = document["services"][name]
    # Not `deploy`: Compose 2 refuses it beside `pids_limit`, and 1.29 a limit of `pids` in it.
    assert "deploy" not in service
    assert float(service["cpus"]) > 0
    assert service["mem_limit"]
    assert service["pids_limit"] > 0
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert service["restart"] == "unless-stopped"
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


@pytest.mark.parametrize("name", sorted(set(SERVICES) - BUILT))
def test_a_service_has_no_more_rights_than_it_needs(document: dict[str, Any], name: str) -> None:
    service = document["services"][name]
    assert service["cap_drop"] == ["ALL"]
    assert set(service.get("cap_add", [])) <= (
        {"CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID"} if name == "s3" else set()
    )
    assert "no-new-privileges:true" in service["security_opt"]
    assert service.get("read_only") or name == "s3"
    assert not {"privileged", "network_mode", "pid", "ipc", "devices", "container_name"} & set(
        service
    )


def test_only_the_proxy_sees_the_docker_socket() -> None:
    seeing = [name for name, one in SERVICES.items() if any("sock" in v for v in mounted(one))]
    assert seeing == ["docker-proxy"]


def test_the_socket_proxy_and_workers_share_a_network_that_nobody_else_is_in() -> None:
    inside = [name for name, one in SERVICES.items() if "docker" in one.get("networks", [])]
    assert inside == ["worker", "docker-proxy"]
    assert SERVICES["docker-proxy"]["networks"] == ["docker"]
    assert DOCUMENT["networks"]["docker"] == {"internal": True}


def test_databases_broker_and_store_are_not_published() -> None:
    published = {name for name, one in SERVICES.items() if "ports" in one}
    assert published == {"api-server", "tls", "flower", "mlflow"}
    assert DOCUMENT["networks"]["data"] == {"internal": True}


def test_only_tls_is_open_to_other_machines(document: dict[str, Any]) -> None:
    for name in ("api-server", "flower", "mlflow"):
        (port,) = document["services"][name]["ports"]
        assert str(port).startswith("127.0.0.1:") or port.get("host_ip") == "127.0.0.1"


def test_trainings_reach_the_store_and_no_database(document: dict[str, Any]) -> None:
    inside = [name for name, one in SERVICES.items() if "training" in one.get("networks", [])]
    assert inside == ["s3"]
    network = document["networks"]["training"]
    assert network["internal"] is True
    named = document["services"]["worker"]["environment"]["MILLRACE_DOCKER_NETWORK"]
    assert network["name"] == named
    passed = document["services"]["docker-proxy"]["environment"]
    assert passed == {"TRAINING_NETWORK": named}  # all that the Docker proxy lets through


def test_no_secret_is_written_in_the_file() -> None:
    for line in compose_stack.FILE.read_text().splitlines():
        name, _, value = line.strip().partition(":")
        if re.search(r"PASSWORD|SECRET|FERNET|ACCESS_KEY|BASIC_AUTH", name) and value.strip():
            assert "${" in value, line
    assert not re.search(r"://[^/\s\"$]+:[^$@\s]+@", compose_stack.FILE.read_text())


def test_no_secret_is_part_of_a_command(
    variables: dict[str, str], document: dict[str, Any]
) -> None:
    values = [variables[name] for name in SECRETS]
    for service in document["services"].values():
        for part in ("command", "entrypoint", "healthcheck", "labels", "volumes"):
            said = str(service.get(part))
            assert not [value for value in values if value in said]


def test_a_service_gets_only_the_secrets_that_it_needs(
    variables: dict[str, str], document: dict[str, Any]
) -> None:
    superuser = variables["POSTGRES_SUPERUSER_PASSWORD"]
    admin = variables["AIRFLOW_ADMIN_PASSWORD"]
    for name, service in document["services"].items():
        given = str(service.get("environment"))
        assert (superuser in given) == (name == "postgres"), name
        assert (admin in given) == (name == "airflow-init"), name


def test_keys_of_peoples_data_reach_only_who_works_with_them_or_shows_it(
    variables: dict[str, str], document: dict[str, Any]
) -> None:
    pseudonyms, master = (variables[f"MILLRACE_{name}_KEY"] for name in ("PRIVACY", "MASTER"))
    for name, service in document["services"].items():
        given = str(service.get("environment"))
        assert (pseudonyms in given) == (name == "worker"), name
        assert (master in given) == (name in {"worker", "api-server"}), name
        assert ("MILLRACE_RESTRICTED" in given) == (name == "worker"), name


def test_the_restricted_store_has_a_place_and_an_access_of_its_own(
    variables: dict[str, str],
) -> None:
    from millrace.artifacts.restricted import CREDENTIALS, DAYS, VARIABLE

    names = [VARIABLE, DAYS, *CREDENTIALS.values()]
    given = compose_stack.resolved(variables | dict.fromkeys(names, "7"))["services"]["worker"]
    assert {name: given["environment"][name] for name in names} == dict.fromkeys(names, "7")


def test_every_file_that_is_named_exists() -> None:
    for name, service in SERVICES.items():
        for volume in mounted(service):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (PROJECT / source).is_file(), (name, source)
        build = service.get("build")
        assert not build or (PROJECT / build["dockerfile"]).is_file()


def test_every_volume_and_network_is_declared_and_used() -> None:
    named = [volume.split(":")[0] for one in SERVICES.values() for volume in mounted(one)]
    volumes = {name for name in named if re.fullmatch(r"[a-z0-9]+", name)}
    assert volumes == set(DOCUMENT["volumes"])
    networks = {name for one in SERVICES.values() for name in one.get("networks", [])}
    assert networks == set(DOCUMENT["networks"])


def test_optional_services_stand_behind_their_profiles() -> None:
    found: dict[str, set[str]] = {}
    for name, service in SERVICES.items():
        for profile in service.get("profiles", []):
            found.setdefault(profile, set()).add(name)
    assert found == OPTIONAL
    always = {name for name, one in SERVICES.items() if not one.get("profiles")}
    named = {name for one in SERVICES.values() for name in one.get("depends_on", {})}
    assert named <= always | {"api-server"}


def test_workers_can_be_scaled_and_stop_without_losing_work(document: dict[str, Any]) -> None:
    worker = document["services"]["worker"]
    assert not {"container_name", "ports", "hostname"} & set(worker)
    assert worker["stop_signal"] == "SIGTERM"
    assert worker["stop_grace_period"] == "10m"
    homes = [v for v in SERVICES["worker"]["volumes"] if ":" not in v]
    assert homes == ["/scratch"]  # a disk of each worker's own


def test_all_of_airflow_shares_one_environment(document: dict[str, Any]) -> None:
    common = dict(document["services"]["scheduler"]["environment"])
    for name in AIRFLOW:
        own = document["services"][name]["environment"]
        assert {key: own[key] for key in common} == common, name


def test_the_settings_that_the_embedded_airflow_found_useful_hold_here_too() -> None:
    from millrace.orchestration.embedded.options import OPTIONS

    given = DOCUMENT["x-airflow-environment"]
    defaults = {option.variable for option in OPTIONS if not option.ours}
    assert defaults - set(given) == set()


@pytest.mark.skipif(not shutil.which("docker-compose"), reason=compose_stack.MISSING)
def test_two_stacks_share_no_store_no_label_and_no_network(tmp_path: Path) -> None:
    from millrace.jobs.runtimes.docker.names import installation

    found = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        example = (PROJECT / ".env.example").read_text()
        own = example.replace("COMPOSE_PROJECT_NAME=millrace", f"COMPOSE_PROJECT_NAME={name}")
        (folder / ".env.example").write_text(own)
        prepare(folder)
        values = parse((folder / ".env").read_text()) | {"DOCKER_GID": "999"}
        given = compose_stack.resolved(values)["services"]["worker"]["environment"]
        label = installation(given["MILLRACE_CATALOG"])["millrace.installation"]
        found.append((given["MILLRACE_STORE"], label, given["MILLRACE_DOCKER_NETWORK"]))
        (alias,) = SERVICES["postgres"]["networks"]["data"]["aliases"]
        assert alias in DOCUMENT["x-airflow-environment"]["MILLRACE_CATALOG"]
    assert not set(found[0]) & set(found[1])


def test_what_the_installation_decides_can_be_set(variables: dict[str, str]) -> None:
    from millrace.jobs.retention import _VARIABLES
    from millrace.orchestration.container_reaper import SCHEDULE as REAP
    from millrace.orchestration.housekeeping import SCHEDULE as COLLECT

    names = [*_VARIABLES.values(), REAP, COLLECT, "MNIST", "CIFAR10", "MILLRACE_NOTIFY"]
    given = compose_stack.resolved(variables | dict.fromkeys(names, "7"))["services"]
    for name in names:
        assert given["worker"]["environment"][name] == "7"
        assert given["dag-processor"]["environment"][name] == "7"


def test_what_sends_notices_has_a_way_out() -> None:
    for name in ("worker", "triggerer", "dag-processor"):
        assert "outside" in SERVICES[name]["networks"], name


def test_no_task_is_given_to_a_second_worker_while_it_may_still_run() -> None:
    given = DOCUMENT["x-airflow-environment"]
    seconds = int(given["AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT"])
    assert seconds >= 7 * 86400


def test_the_images_are_those_that_trainings_are_started_from(
    variables: dict[str, str], document: dict[str, Any]
) -> None:
    from millrace.jobs.runtimes.trainer import trainer_image

    worker = document["services"]["worker"]["environment"]
    for accelerator, service in (("cpu", "image-trainer"), ("gpu", "image-trainer-gpu")):
        image = document["services"][service]["image"]
        assert trainer_image(accelerator, worker) == image  # type: ignore[arg-type]
        assert document["services"][service]["build"]["args"]["ACCELERATOR"] == accelerator


def test_any_other_s3_service_takes_only_variables(variables: dict[str, str]) -> None:
    other = variables | {
        "COMPOSE_PROFILES": "",
        "S3_ENDPOINT_URL": "https://s3.example.org",
        "S3_BUCKET": "theirs",
        "S3_REGION": "eu-central-1",
        "TRAINING_INTERNAL": "false",
    }
    document = compose_stack.resolved(other, ())
    given = document["services"]["worker"]["environment"]
    assert given["AWS_ENDPOINT_URL"] == "https://s3.example.org"
    assert given["MILLRACE_STORE"] == f"s3://theirs/{variables['S3_PREFIX']}"
    assert document["networks"]["training"]["internal"] is False


def test_the_redis_password_is_in_no_list_of_processes(tmp_path: Path) -> None:
    script = SERVICES["redis"]["command"][2].replace("$$", "$")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "redis-server").write_text('#!/bin/sh\necho "arguments: $*"\ncat\n')
    (programs / "redis-server").chmod(0o755)
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "REDIS_PASSWORD": "Zr8-qTf2_Lm5"}
    done = subprocess.run(
        ["sh", "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    arguments, setting = done.stdout.splitlines()
    assert "Zr8-qTf2_Lm5" not in arguments
    assert setting == "requirepass Zr8-qTf2_Lm5"


def test_the_file_is_read_alike_by_every_yaml_reader() -> None:
    assert yaml.safe_load(compose_stack.FILE.read_text()) == DOCUMENT
