"""`PodSettings`: what an installation says of the pods that perform its jobs.

Names of secrets are here, their values nowhere: the cluster gives those to the pod.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from millrace.errors import SpecError

_STARTUP = 900  # seconds; a node that pulls the GPU image for the first time takes minutes
_PATIENCE = 300


@dataclass(frozen=True)
class PodSettings:
    """The settings of the runtime `kubernetes`, each from one environment variable.

    Attributes:
        namespace: of the pods (``MILLRACE_POD_NAMESPACE``, default that of Airflow's connection
            `kubernetes_default`, else of the pod in which the task runs).
        service_account: of the pods (``MILLRACE_POD_SERVICE_ACCOUNT``, default the namespace's);
            no token of it is mounted.
        secrets: names of secrets whose entries become the pod's environment, separated by commas
            (``MILLRACE_POD_SECRETS``), for example the credentials of an S3 store.
        claim: persistent volume claim that holds a store in a folder (``MILLRACE_POD_CLAIM``).
        claim_path: where it is mounted (``MILLRACE_POD_CLAIM=<claim>:<path>``, default the
            store's folder).
        template: a pod's document that everything else is laid over (``MILLRACE_POD_TEMPLATE``,
            the path of a YAML file).
        startup: seconds that a pod may wait for a node, and then for its image
            (``MILLRACE_POD_STARTUP``, default 900).
        patience: seconds that the cluster's API may fail before the task does; the pod goes on
            meanwhile (``MILLRACE_POD_PATIENCE``, default 300).
    """

    namespace: str | None = None
    service_account: str | None = None
    secrets: tuple[str, ...] = ()
    claim: str | None = None
    claim_path: str | None = None
    template: Path | None = None
    startup: int = _STARTUP
    patience: int = _PATIENCE

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> PodSettings:
        """Read the settings; raise `SpecError` for a value that cannot be used."""
        env = os.environ if environment is None else environment
        claim, _, path = (env.get("MILLRACE_POD_CLAIM") or "").partition(":")
        names = (env.get("MILLRACE_POD_SECRETS") or "").split(",")
        template = env.get("MILLRACE_POD_TEMPLATE")
        return cls(
            namespace=env.get("MILLRACE_POD_NAMESPACE") or None,
            service_account=env.get("MILLRACE_POD_SERVICE_ACCOUNT") or None,
            secrets=tuple(name.strip() for name in names if name.strip()),
            claim=claim or None,
            claim_path=path or None,
            template=Path(template) if template else None,
            startup=_seconds(env, "MILLRACE_POD_STARTUP", _STARTUP),
            patience=_seconds(env, "MILLRACE_POD_PATIENCE", _PATIENCE),
        )

    def site(self) -> dict[str, Any]:
        """Return the template's document; empty where there is none.

        Raises:
            SpecError: the file is missing or is no pod's document.
        """
        if self.template is None:
            return {}
        try:
            with self.template.open(encoding="utf-8") as file:
                document = yaml.safe_load(file)
        except (OSError, yaml.YAMLError) as error:
            raise SpecError(
                "the pod template cannot be read",
                where=f"MILLRACE_POD_TEMPLATE={self.template}",
                received=str(error),
            ) from error
        if not isinstance(document, dict) or document.get("kind") != "Pod":
            raise SpecError(
                "the pod template is not a pod's document",
                where=f"MILLRACE_POD_TEMPLATE={self.template}",
                expected="apiVersion: v1, kind: Pod",
            )
        return document


def _seconds(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name)
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise SpecError(
            "not a number of seconds", where=name, expected="a whole number from 1", received=text
        )
    return int(text)
