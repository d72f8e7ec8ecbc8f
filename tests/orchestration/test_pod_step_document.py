"""The pod that Airflow's operator asks for, of every shipped workflow, without any cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from millrace.errors import SpecError
from millrace.workflow.loader import load_named
from millrace.workflow.resources import Resources

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("default"),  # Airflow and what it imports warn of themselves
]
WORKFLOWS = Path(__file__).parents[2] / "include" / "workflows"


@pytest.fixture(autouse=True)
def _installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_STORE", "s3://bucket/store")
    monkeypatch.setenv("MILLRACE_POD_NAMESPACE", "jobs")
    monkeypatch.setenv("MILLRACE_POD_SECRETS", "store")


def step(resources: Resources, name: str = "train") -> Any:
    from millrace.orchestration.pod_step import PodStep

    return PodStep(
        task_id=name, workflow="w", purpose="training", step=name, taken={}, resources=resources
    )


def asked_for(resources: Resources, name: str = "train") -> dict[str, Any]:
    """Return the document that the operator would send, as the real client writes it."""
    from kubernetes.client import ApiClient

    operator = step(resources, name)
    operator.do_xcom_push = False  # as while it follows a pod
    pod = operator.build_pod_request_obj(dry_run=True)
    found: dict[str, Any] = ApiClient().sanitize_for_serialization(pod)
    return found


@pytest.mark.parametrize("name", sorted(path.stem for path in WORKFLOWS.glob("*.yaml")))
def test_the_operator_changes_nothing_of_the_document(name: str) -> None:
    resources = load_named(WORKFLOWS, name).resources
    wanted = step(resources).pod_template_dict["spec"]
    sent = asked_for(resources)["spec"]
    (container,) = sent["containers"]
    assert wanted["containers"][0].items() <= container.items()
    changed = {"containers", "volumes"}
    assert {key: sent[key] for key in wanted if key not in changed} == {
        key: value for key, value in wanted.items() if key not in changed
    }
    assert [one["name"] for one in sent["volumes"]] == [one["name"] for one in wanted["volumes"]]


def test_training_and_what_explains_it_get_the_gpus_and_their_image() -> None:
    resources = Resources(gpus=2, cpus=4)
    train, explain, evaluate = (
        asked_for(resources, name)["spec"]["containers"][0]
        for name in ("train", "explain", "evaluate")
    )
    assert train["resources"]["limits"] == {"cpu": "4000m", "nvidia.com/gpu": "2"}
    assert evaluate["resources"]["limits"] == {"cpu": "4000m"}
    assert (explain["resources"], explain["image"]) == (train["resources"], train["image"])
    assert (train["image"], evaluate["image"]) == ("millrace-trainer:gpu", "millrace-trainer:cpu")


def test_what_a_task_takes_is_a_template() -> None:
    assert "taken" in step(Resources()).template_fields


def test_settings_that_cannot_work_are_said_when_the_dag_is_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MILLRACE_STORE", "file:///data/store")
    with pytest.raises(SpecError, match=r"would not see the store.*MILLRACE_POD_CLAIM"):
        step(Resources())
