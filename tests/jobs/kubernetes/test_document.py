"""The pod of every shipped workflow, and of hostile settings, checked by the client's types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import ApiClient

from millrace.errors import SpecError
from millrace.jobs.runtimes.kubernetes.document import pod_document
from millrace.jobs.runtimes.kubernetes.settings import PodSettings
from millrace.workflow.loader import load_named
from millrace.workflow.resources import Resources

WORKFLOWS = Path(__file__).parents[3] / "include" / "workflows"
TEMPLATE = WORKFLOWS.parent / "cluster" / "trainer-pod.yaml"
S3 = "s3://bucket/store"


def make(settings: PodSettings | None = None, store: str = S3, **resources: Any) -> dict[str, Any]:
    asked = Resources(**resources)
    image = "millrace-trainer:cpu"
    return pod_document(settings or PodSettings(), asked, image=image, store=store, gpus=asked.gpus)


def typed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document as the API's types know it: what they do not know is gone."""

    class Answer:
        data = json.dumps(document)

    client = ApiClient()
    found: dict[str, Any] = client.sanitize_for_serialization(client.deserialize(Answer(), "V1Pod"))
    return found


@pytest.mark.parametrize("name", sorted(path.stem for path in WORKFLOWS.glob("*.yaml")))
def test_the_pod_of_every_shipped_workflow_is_one_that_the_api_knows(name: str) -> None:
    spec = load_named(WORKFLOWS, name)
    settings = PodSettings(
        service_account="trainer", secrets=("store",), claim="data", claim_path="/data",
        template=TEMPLATE,
    )  # fmt: skip
    document = pod_document(
        settings, spec.resources, image="trainer:1", store=S3, gpus=spec.resources.gpus
    )
    assert typed(document) == document


def test_all_that_a_spec_can_ask_reaches_the_pod() -> None:
    toleration = {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}
    document = make(
        gpus=2, cpus=3.5, memory_gib=6, shared_memory_gib=2, node_selector={"disk": "ssd"},
        tolerations=[toleration],
    )  # fmt: skip
    spec = document["spec"]
    wanted = {"cpu": "3500m", "memory": "6144Mi", "nvidia.com/gpu": "2"}
    assert spec["containers"][0]["resources"] == {"limits": wanted, "requests": wanted}
    assert (spec["nodeSelector"], spec["tolerations"]) == ({"disk": "ssd"}, [toleration])
    shared = next(one for one in spec["volumes"] if one["name"] == "shm")
    assert shared["emptyDir"] == {"medium": "Memory", "sizeLimit": "2048Mi"}
    assert typed(document) == document


def test_the_pod_meets_the_restricted_profile() -> None:
    spec = make()["spec"]
    container = spec["containers"][0]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False
    assert spec["restartPolicy"] == "Never"
    assert spec["terminationGracePeriodSeconds"] >= 5
    assert "activeDeadlineSeconds" not in spec


def test_secrets_are_named_and_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret")
    document = make(PodSettings(secrets=("one", "two")))
    names = [one["secretRef"]["name"] for one in document["spec"]["containers"][0]["envFrom"]]
    assert names == ["one", "two"]
    assert "planted" not in json.dumps(document)


def test_a_claim_is_mounted_where_the_store_is() -> None:
    document = make(PodSettings(claim="data"), "file:///data/the%20store")
    mount = document["spec"]["containers"][0]["volumeMounts"][-1]
    assert mount == {"name": "millrace-store", "mountPath": "/data/the store"}


@pytest.mark.parametrize(
    ("settings", "store", "text"),
    [
        (PodSettings(), "file:///data/store", "would not see the store"),
        (PodSettings(claim="c", claim_path="/other"), "file:///data/store", "would not see"),
        (PodSettings(), "file:///scratch/store", "would not see"),  # a folder of the pod's own
        (PodSettings(claim="c"), S3, "claim without a path"),
    ],
)
def test_a_store_that_the_pod_would_not_see_is_refused(
    settings: PodSettings, store: str, text: str
) -> None:
    with pytest.raises(SpecError, match=text):
        make(settings, store)


def test_a_site_gives_defaults_and_may_take_back_the_user(tmp_path: Path) -> None:
    site = tmp_path / "pod.yaml"
    site.write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {labels: {team: a}}\n"
        "spec:\n  securityContext: {runAsUser: null}\n  priorityClassName: batch\n"
        "  automountServiceAccountToken: true\n  volumes: [{name: ca, configMap: {name: ca}}]\n"
        "  tolerations: [{key: a}]\n"
        "  containers:\n  - {name: base, image: other, resources: {limits: {memory: 1Gi}},"
        " volumeMounts: [{name: ca, mountPath: /ca}]}\n  - {name: proxy, image: proxy}\n"
    )
    document = make(PodSettings(template=site), memory_gib=4, tolerations=[{"key": "b"}])
    spec = document["spec"]
    base = spec["containers"][0]
    assert (base["image"], base["resources"]["limits"]) == (
        "millrace-trainer:cpu",
        {"memory": "4096Mi"},
    )
    assert {"ca", "shm"} <= {one["name"] for one in base["volumeMounts"]}
    assert [one["name"] for one in spec["containers"]] == ["base", "proxy"]
    assert (spec["priorityClassName"], spec["automountServiceAccountToken"]) == ("batch", False)
    assert "runAsUser" not in spec["securityContext"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["tolerations"] == [{"key": "a"}, {"key": "b"}]
    assert document["metadata"]["labels"]["team"] == "a"


@pytest.mark.parametrize("text", ["[", "- a", "kind: Service"])
def test_a_template_that_is_no_pod_is_refused(tmp_path: Path, text: str) -> None:
    site = tmp_path / "pod.yaml"
    site.write_text(text)
    with pytest.raises(SpecError, match=r"pod\.yaml.*pod template"):
        make(PodSettings(template=site))


def test_a_template_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        make(PodSettings(template=tmp_path / "no.yaml"))


def test_settings_come_from_the_environment() -> None:
    found = PodSettings.load(
        {
            "MILLRACE_POD_SECRETS": " a, b,",
            "MILLRACE_POD_CLAIM": "data:/data",
            "MILLRACE_POD_STARTUP": "60",
        }
    )
    assert (found.secrets, found.claim, found.claim_path) == (("a", "b"), "data", "/data")
    assert (found.startup, found.patience, found.namespace) == (60, 300, None)


@pytest.mark.parametrize("text", ["0", "-1", "soon"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="MILLRACE_POD_PATIENCE"):
        PodSettings.load({"MILLRACE_POD_PATIENCE": text})
