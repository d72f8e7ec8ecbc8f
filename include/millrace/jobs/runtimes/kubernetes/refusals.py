"""What the cluster's API means where it refuses a call, as one of our errors."""

from __future__ import annotations

import json

from millrace.errors import MillraceError, SpecError, TransientError, distrusted

_UNAUTHORISED, _FORBIDDEN, _NOT_FOUND, _TIMEOUT, _TOO_MANY = 401, 403, 404, 408, 429
_SERVER = 500


def refusal(error: Exception, where: str) -> MillraceError:
    """Return the error of a call that the API refused.

    Args:
        error: of a client: ``status`` is that of the answer, None or 0 where none came; ``body``
            is a `Status` document, or anything else. where: what was asked for.
    """
    status = getattr(error, "status", None)
    said = _message(getattr(error, "body", str(error)))
    if not status and distrusted(error):
        return SpecError(
            "the certificate of the cluster's API cannot be trusted",
            where=where,
            received=said,
            remedy="Correct `certificate-authority` of the cluster in the kubeconfig.",
        )
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
