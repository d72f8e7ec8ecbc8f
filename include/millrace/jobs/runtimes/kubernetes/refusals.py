"""What the cluster's API means where it refuses a call, as one of our errors."""

from __future__ import annotations

import json

from millrace.errors import MillraceError, SpecError, TransientError

_UNAUTHORISED, _FORBIDDEN, _NOT_FOUND, _TIMEOUT, _TOO_MANY = 401, 403, 404, 408, 429
_SERVER = 500


def refusal(status: int | None, body: str | bytes | None, where: str) -> MillraceError:
    """Return the error of a call that the API refused.

    Args:
        status: of the answer; None or 0 where none came.
        body: of the answer: a `Status` document, or anything else.
        where: what was asked for.
    """
    said = _message(body)
    if status == _UNAUTHORISED:
        return SpecError(
            "the cluster does not accept the credentials",
            where=where,
            received=said,
            remedy="Check Airflow's connection kubernetes_default, or the kubeconfig's user.",
        )
    if status == _FORBIDDEN and "exceeded quota" not in said:
        return SpecError(
            "the cluster forbids it",
            where=where,
            received=said,
            remedy="Give the account of the tasks the role of include/cluster/rbac.yaml.",
        )
    if status == _NOT_FOUND:
        return SpecError(
            "the cluster does not know it",
            where=where,
            received=said,
            remedy="Check MILLRACE_POD_NAMESPACE.",
        )
    passing = not status or status >= _SERVER or status in (_FORBIDDEN, _TIMEOUT, _TOO_MANY, 409)
    if passing:
        return TransientError(
            "the cluster's API does not answer" if not status else "the cluster cannot do it now",
            where=where,
            received=f"{status or 'no answer'} {said}".strip(),
            remedy="A pod that runs goes on; the retry attaches to it.",
        )
    return SpecError(
        "the cluster refuses the pod",
        where=where,
        received=f"{status} {said}",
        remedy="Check `resources` of the workflow and MILLRACE_POD_TEMPLATE.",
    )


def _message(body: str | bytes | None) -> str:
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body or ""
    try:
        document = json.loads(text)
    except ValueError:
        return text
    return str(document.get("message") or text) if isinstance(document, dict) else text
