"""What became of a pod, from documents as clusters give them."""

from __future__ import annotations

from typing import Any

import pytest

from millrace.errors import MillraceError, SpecError, TransientError
from millrace.jobs.runtimes.kubernetes.ending import exit_code, why_not_started
from millrace.jobs.runtimes.kubernetes.refusals import refusal


def pod(state: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    container = {"name": "base", "image": "repo/trainer:1", "resources": {"limits": {"cpu": "2"}}}
    statuses = [] if state is None else [{"name": "base", "state": state}]
    return {
        "metadata": {"name": "millrace-train-1"},
        "spec": {"containers": [container]},
        "status": {"containerStatuses": statuses, **status},
    }


@pytest.mark.parametrize("code", [0, 64, 65, 70, 75, 137, 143])
def test_a_container_that_ended_has_its_code(code: int) -> None:
    assert exit_code(pod({"terminated": {"exitCode": code, "reason": "Error"}})) == code


@pytest.mark.parametrize("reason", ["Evicted", "NodeLost", "Shutdown", "Preempting"])
def test_what_the_cluster_ended_can_be_retried(reason: str) -> None:
    ended = pod({"terminated": {"exitCode": 137}}, reason=reason, message="low on disk")
    with pytest.raises(TransientError, match=f"{reason}: low on disk"):
        exit_code(ended)


def test_a_pod_that_failed_before_its_container_can_be_retried() -> None:
    with pytest.raises(TransientError, match="the cluster ended the pod"):
        exit_code(pod(phase="Failed"))


def test_out_of_memory_without_a_limit_names_the_node() -> None:
    with pytest.raises(TransientError, match="no limit: its node had no more"):
        exit_code(pod({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}))


@pytest.mark.parametrize(("waited", "kind"), [(False, SpecError), (True, TransientError)])
def test_an_image_is_only_given_up_for_good_where_it_is_plain(
    waited: bool, kind: type[MillraceError]
) -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "i/o timeout"}}
    error = why_not_started(pod(waiting), 900, waited=waited)
    assert type(error) is kind
    assert "repo/trainer:1" in str(error)


def test_a_secret_that_is_missing_is_named() -> None:
    said = {"reason": "CreateContainerConfigError", "message": 'secret "store" not found'}
    error = why_not_started(pod({"waiting": said}), 900, waited=True)
    assert isinstance(error, SpecError)
    assert 'secret "store" not found' in str(error)


def test_a_pod_that_hangs_for_no_known_reason_names_where_to_look() -> None:
    error = why_not_started(pod(phase="Pending"), 900, waited=True)
    assert isinstance(error, TransientError)
    assert "kubectl describe pod millrace-train-1" in str(error)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (None, "connection refused", TransientError),
        (409, '{"message": "conflict"}', TransientError),
        (429, b"busy", TransientError),
        (503, "<html>", TransientError),
        (403, '{"message": "exceeded quota: gpus"}', TransientError),
        (403, '{"message": "pods is forbidden"}', SpecError),
        (404, '{"message": "namespaces \\"x\\" not found"}', SpecError),
        (422, '["strange"]', SpecError),
    ],
)
def test_a_refusal_is_retried_only_where_it_may_pass(
    status: int | None, body: str | bytes, kind: type[MillraceError]
) -> None:
    said = Exception()
    said.status, said.body = status, body  # type: ignore[attr-defined]
    error = refusal(said, "pod p")
    assert type(error) is kind
    assert len(str(error)) < 1000
