"""The files for Kubernetes: they parse, name what exists, hold no secret, and grant no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import pod_jobs
from millrace.catalog.catalog import Catalog
from millrace.jobs.runtimes.kubernetes import settings as pod_settings
from millrace.jobs.runtimes.kubernetes.strays import strays_of
from millrace.settings import Settings

FOLDER = Path(__file__).parents[2] / "include" / "cluster"


def documents(name: str) -> list[dict[str, Any]]:
    with (FOLDER / name).open() as file:
        return list(yaml.safe_load_all(file))


def of_kind(name: str, kind: str) -> list[dict[str, Any]]:
    return [one for one in documents(name) if one["kind"] == kind]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.name)
def test_every_file_parses(path: Path) -> None:
    found = documents(path.name)
    assert found
    if path.name != "values.yaml":
        assert all({"apiVersion", "kind", "metadata"} <= set(one) for one in found)


def test_every_secret_that_is_named_is_in_the_example_and_empty_there() -> None:
    secrets = of_kind("secrets.example.yaml", "Secret")
    assert all(value == "" for one in secrets for value in one["stringData"].values())
    there = {(s["metadata"]["namespace"], s["metadata"]["name"]) for s in secrets}
    values = documents("values.yaml")[0]
    keys = ("fernetKeySecretName", "apiSecretKeySecretName", "jwtSecretName")
    named = {values[key] for key in keys} | {values["data"]["metadataSecretName"]}
    named |= set(re.findall(r"secretRef:\s+name: (\S+)", values["extraEnvFrom"]))
    named |= set(
        re.findall(r"secretKeyRef: \{name: ([a-z-]+)", (FOLDER / "values.yaml").read_text())
    )
    assert {("airflow", name) for name in named} <= there
    env = {one["name"]: one["value"] for one in values["env"]}
    assert (env["MILLRACE_POD_NAMESPACE"], env["MILLRACE_POD_SECRETS"]) in there


def test_the_values_use_settings_that_exist() -> None:
    known = set(re.findall(r"MILLRACE_POD_[A-Z]+", Path(pod_settings.__file__).read_text()))
    used = set(re.findall(r"MILLRACE_POD_[A-Z]+", (FOLDER / "values.yaml").read_text()))
    assert used
    assert used <= known


def test_the_role_is_bound_to_the_account_of_the_tasks() -> None:
    (binding,) = of_kind("rbac.yaml", "RoleBinding")
    values = documents("values.yaml")[0]
    assert [s["name"] for s in binding["subjects"]] == [values["workers"]["serviceAccount"]["name"]]
    env = {one["name"]: one["value"] for one in values["env"]}
    (account,) = of_kind("rbac.yaml", "ServiceAccount")
    assert account["metadata"]["name"] == env["MILLRACE_POD_SERVICE_ACCOUNT"]
    assert binding["metadata"]["namespace"] == env["MILLRACE_POD_NAMESPACE"]


def test_no_login_has_a_password_that_everybody_knows() -> None:
    values = documents("values.yaml")[0]
    assert values["createUserJob"]["enabled"] is False
    assert values["postgresql"]["enabled"] is False


def _granted() -> set[tuple[str, str]]:
    (role,) = of_kind("rbac.yaml", "Role")
    return {
        (verb, resource)
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pod_jobs.Cluster]:
    with pod_jobs.cluster(tmp_path, monkeypatch) as made:
        yield made


@pytest.mark.airflow
@pytest.mark.filterwarnings("default")
def test_the_role_grants_what_is_called_and_nothing_else(
    cluster: pod_jobs.Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = cluster.folder / "go"
    cluster.api.start_after = 1.5  # so that it is asked why the pod waits
    thread, _ = cluster.perform_aside(do="wait", go=str(go))
    cluster.running()
    cluster.step.on_kill()
    thread.join(pod_jobs.PATIENCE)
    cluster.perform()
    monkeypatch.setenv("KUBECONFIG", str(cluster.folder / "kubeconfig.json"))
    settings = Settings.load()
    with Catalog(settings.catalog) as catalog, strays_of(settings, catalog) as strays:
        strays.find()
    assert cluster.api.requests == _granted()
