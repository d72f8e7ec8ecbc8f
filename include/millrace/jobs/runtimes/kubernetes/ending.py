"""What became of a pod, from its document: an exit code to settle by, or the error that it is.

The document is the API's JSON (`V1Pod`), as a plain dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.errors import MillraceError, SpecError, TransientError
from millrace.jobs.runtimes.kubernetes.document import CONTAINER

Pod = Mapping[str, Any]
_KILLED = 137  # exit code of SIGKILL
_PULLING = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
_SETUP = "Create what it names in the pods' namespace: see docs/kubernetes.md."


def exit_code(pod: Pod) -> int:
    """Return the exit code of a pod that ended by itself.

    Raises:
        MillraceError: the cluster ended it: out of memory, evicted, its node gone.
    """
    status = pod.get("status") or {}
    ended = _state(pod).get("terminated") or {}
    if ended.get("reason") == "OOMKilled":
        raise _out_of_memory(pod)
    code = ended.get("exitCode")
    if code is None or status.get("reason"):  # Evicted, NodeLost, Shutdown, Preempting
        raise TransientError(
            "the cluster ended the pod",
            where=_name(pod),
            received=_said(status, "no reason"),
            remedy="A retry resumes from the last checkpoint.",
        )
    return int(code)


def why_not_started(pod: Pod, startup: int, *, waited: bool) -> MillraceError:
    """Return the error of a pod that did not start.

    Args:
        pod: its document. startup: seconds that it may take.
        waited: it took longer; otherwise it is plain that it never will.
    """
    waiting = _state(pod).get("waiting") or {}
    if waiting.get("reason") in _PULLING:
        return _no_image(pod, waiting, TransientError if waited else SpecError)
    if waiting.get("reason") in ("CreateContainerConfigError", "CreateContainerError"):
        return SpecError(
            "the pod cannot be set up", where=_name(pod), received=_said(waiting), remedy=_SETUP
        )
    unscheduled = _unscheduled(pod)
    if unscheduled is not None:
        return TransientError(
            f"no node took the pod within {startup} s",
            where=_name(pod),
            expected=_asked(pod),
            received=unscheduled,
            remedy="Free or add such a node, or change `resources` of the workflow.",
        )
    return TransientError(
        f"the pod did not start within {startup} s",
        where=_name(pod),
        received=_said(waiting) or _said(pod.get("status") or {}, "no reason"),
        remedy=f"See `kubectl describe pod {_name(pod)}`; MILLRACE_POD_STARTUP raises the limit.",
    )


def _no_image(pod: Pod, waiting: Mapping[str, Any], kind: type[MillraceError]) -> MillraceError:
    image = _container(pod).get("image", "")
    return kind(
        f"the cluster cannot pull the image {image}",
        where=_name(pod),
        received=_said(waiting),
        remedy=f"Build it and push it to a registry that the nodes reach (make images; docker push "
        f"{image}), and name it in MILLRACE_TRAINER_IMAGE. A private registry needs "
        "imagePullSecrets in MILLRACE_POD_TEMPLATE.",
    )


def _out_of_memory(pod: Pod) -> MillraceError:
    limit = ((_container(pod).get("resources") or {}).get("limits") or {}).get("memory")
    return TransientError(
        "the pod ran out of memory and was killed",
        where=_name(pod),
        received=f"exit code {_KILLED}, OOMKilled; "
        + (f"its limit is {limit}" if limit else "it has no limit: its node had no more"),
        remedy="Raise resources.memory_gib, or lower train.batch_size, of the workflow.",
    )


def _unscheduled(pod: Pod) -> str | None:
    """Return what the scheduler says of a pod that it could not place."""
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return str(condition.get("message") or condition.get("reason") or "no reason")
    return None


def _asked(pod: Pod) -> str:
    """Return the resources, labels and taints that a node must have for the pod."""
    limits = (_container(pod).get("resources") or {}).get("limits") or {}
    labels = (pod.get("spec") or {}).get("nodeSelector") or {}
    asked = [*(f"{name} {size}" for name, size in limits.items())]
    asked += [f"label {name}={value}" for name, value in labels.items()]
    return "a node with " + (", ".join(asked) or "room")


def _container(pod: Pod) -> Mapping[str, Any]:
    containers = (pod.get("spec") or {}).get("containers") or ()
    return next((one for one in containers if one.get("name") == CONTAINER), {})


def _state(pod: Pod) -> Mapping[str, Any]:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    found = [one.get("state") for one in statuses if one.get("name") == CONTAINER]
    return (found[0] if found else None) or {}


def _said(status: Mapping[str, Any], otherwise: str = "") -> str:
    said = ": ".join(str(status[part]) for part in ("reason", "message") if status.get(part))
    return said or otherwise


def _name(pod: Pod) -> str:
    return str((pod.get("metadata") or {}).get("name"))
