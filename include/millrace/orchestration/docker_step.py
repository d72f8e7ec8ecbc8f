"""`DockerStep`: a workflow's task whose jobs run in containers; Airflow's DockerOperator, extended.

Its connection, TLS, image and templates are DockerOperator's. What a container is given that
DockerOperator has no parameter for, and how it survives this process, is in
`millrace.jobs.runtimes.docker`. The task itself opens the run, looks for the result in the store
and takes it from there; a container gets one job's request and knows nothing of Airflow.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from airflow.providers.docker.operators.docker import DockerOperator
from airflow.sdk.exceptions import AirflowException

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.store import Store
from millrace.jobs.progress import Event
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes import Place
from millrace.jobs.runtimes.docker.access import access
from millrace.jobs.runtimes.docker.daemon import Daemon, unreachable
from millrace.jobs.runtimes.docker.memory import Memory
from millrace.jobs.runtimes.docker.names import container_name, installation
from millrace.jobs.runtimes.docker.options import ContainerOptions
from millrace.jobs.runtimes.docker.runtime import DockerRuntime
from millrace.jobs.runtimes.docker.settings import DockerSettings
from millrace.jobs.runtimes.trainer import accelerator_of, trainer_image, trainer_packages
from millrace.orchestration.lineage_operator import Lineage
from millrace.orchestration.tasks import do_task
from millrace.settings import Settings
from millrace.workflow.graph import Purpose
from millrace.workflow.resources import Resources

_STATE = "container"
_SECONDS = 30  # for an answer of the daemon
log = logging.getLogger(__name__)


class DockerStep(Lineage, DockerOperator):
    """A task of a workflow that works in a container.

    Args:
        workflow, purpose, step, taken: see `millrace.orchestration.tasks.do_task`.
        resources: that the container asks for.
        options: of the operator.
    """

    template_fields = (*DockerOperator.template_fields, "taken")
    custom_operator_name = "docker"

    def __init__(
        self,
        *,
        workflow: str,
        purpose: Purpose,
        step: str,
        taken: Mapping[str, Any],
        resources: Resources,
        **options: Any,
    ) -> None:
        gpus = resources.gpus_of(step)
        asked = ContainerOptions.of(trainer_image(accelerator_of(gpus)), resources, gpus)
        super().__init__(
            image=asked.image,
            environment=dict(asked.environment),
            mem_limit=asked.memory,
            shm_size=asked.shared_memory,
            docker_conn_id=os.environ.get("MILLRACE_DOCKER_CONNECTION") or None,
            tls_ca_cert=_certificate("ca.pem"),
            tls_client_cert=_certificate("cert.pem"),
            tls_client_key=_certificate("key.pem"),
            timeout=_SECONDS,
            auto_remove="force",
            mount_tmp_dir=False,
            **options,
        )
        self.workflow = workflow
        self.purpose = purpose
        self.step = step
        self.taken = taken
        self.resources_asked = resources
        self.gpus = gpus
        self._runtime: DockerRuntime | None = None

    def execute(self, context: Any) -> Any:
        """Do the task; return its references."""
        settings = Settings.load()
        daemon = Daemon(self._client)
        self._runtime = DockerRuntime(
            daemon,
            self._options,
            labels={**installation(settings.catalog), **_labels(context)},
            memory=_TaskState(context.get("task_state_store")),
        )
        packages = trainer_packages(settings.project, accelerator_of(self.gpus))
        place = Place(self._perform, packages)
        try:
            result = do_task(self.workflow, self.purpose, self.step, self.taken, place=place)
            self._runtime.tidy()
        finally:
            daemon.close()
        return result

    def on_kill(self) -> None:
        """Stop and remove the container: marked failed, cleared, timed out, worker stopped."""
        if self._runtime is None:
            return
        self.__dict__.pop("hook", None)  # the old connection may be in use in this very moment
        daemon = Daemon(self._client)
        try:
            self._runtime.stop(daemon)
        except Exception:
            log.exception("The container could not be removed; `millrace reap` finds it")
        finally:
            daemon.close()

    def _perform(
        self, request: JobRequest, store: Store, scratch: Path, report: Callable[[Event], None]
    ) -> Artifact:
        runtime = self._runtime
        if runtime is None:
            raise RuntimeError("a step performs jobs only while it executes")
        self.container_name = container_name(request, store)
        return runtime(request, store, scratch, report)

    def _options(self, request: JobRequest, store: Store) -> ContainerOptions:
        """Return the options of a job's container: what the spec asks, and the way to the store."""
        given = access(request, store, DockerSettings.load())
        more = {"environment": dict(self.environment)}
        return ContainerOptions.of(self.image, self.resources_asked, self.gpus, **given, **more)

    def _client(self) -> Any:
        """Return the client of Airflow's hook; say why where there is none."""
        try:
            return self.cli
        except (AirflowException, OSError) as error:
            urls = [self.docker_url] if isinstance(self.docker_url, str) else self.docker_url
            raise unreachable(urls, error) from error


class _TaskState(Memory):
    """Keeps the container in Airflow's task state, which the task's next try reads."""

    def __init__(self, state: Any) -> None:
        self._state = state

    def load(self) -> Mapping[str, Any]:
        try:
            note = self._state.get(_STATE) if self._state is not None else None
        except Exception as error:
            log.warning("Airflow did not give the task's state: %s", error)
            note = None
        return note if isinstance(note, dict) else {}

    def save(self, note: Mapping[str, Any]) -> None:
        try:
            if self._state is not None:
                self._state.set(_STATE, dict(note))
        except Exception as error:
            log.warning("Airflow did not take the task's state: %s", error)


def _labels(context: Any) -> dict[str, str]:
    """Return the labels that say which task's a container is."""
    instance = context["ti"]
    return {
        "airflow.dag_id": instance.dag_id,
        "airflow.run_id": instance.run_id,
        "airflow.task_id": instance.task_id,
        "airflow.map_index": str(instance.map_index),
        "airflow.try_number": str(instance.try_number),
    }


def _certificate(name: str) -> str | None:
    """Return a file of `DOCKER_CERT_PATH`, as Docker's own client takes them."""
    folder = os.environ.get("DOCKER_CERT_PATH")
    return os.path.join(folder, name) if folder else None  # noqa: PTH118
