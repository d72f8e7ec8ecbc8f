"""`PodStep`: a task whose jobs are performed in Kubernetes pods.

Airflow's operator launches and follows the pod; its result comes from the store, by exit code and
manifest, and its progress from there, too. The pod has no sidecar and touches nothing of Airflow.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.cncf.kubernetes.kubernetes_helper_functions import PodLaunchFailedException
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.utils.pod_manager import PodLaunchTimeoutException
from kubernetes.config import ConfigException

from millrace.errors import MillraceError, SpecError, TransientError
from millrace.jobs.runtimes.kubernetes.document import CONTAINER, GRACE, pod_document
from millrace.jobs.runtimes.kubernetes.settings import PodSettings
from millrace.jobs.runtimes.trainer import accelerator_of, trainer_image, trainer_packages
from millrace.orchestration.lineage_operator import Lineage
from millrace.orchestration.pod_operator import API_ERRORS, JobPodOperator
from millrace.orchestration.tasks import do_task
from millrace.settings import Settings
from millrace.workflow.graph import Purpose
from millrace.workflow.resources import Resources

if TYPE_CHECKING:
    from millrace.artifacts.artifact import Artifact
    from millrace.artifacts.store import Store
    from millrace.jobs.progress import Event
    from millrace.jobs.request import JobRequest

_LOOK = 1  # seconds between looks at a pod that starts, and before the API is asked again
_STEADY = 60.0  # seconds of following after which an earlier failure of the API is forgotten
_NOT_FOUND = 404


class PodStep(Lineage, JobPodOperator):
    """A task of a workflow whose jobs are performed in pods, one at a time.

    A retry, and any other task that wants the same key, attaches to the pod that runs. A pod is
    deleted when it has ended, when the task is killed, and when it cannot start; it is left alone
    when only the cluster's API fails, for the retry to attach to.

    Args:
        workflow, purpose, step, taken: see `millrace.orchestration.tasks.do_task`.
        resources: that the pods ask for.
        options: of any operator.

    Raises:
        SpecError: the installation's settings of pods cannot be used.
    """

    template_fields: Sequence[str] = (*KubernetesPodOperator.template_fields, "taken")
    custom_operator_name = "kubernetes"

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
        super().__init__(**_operator_options(resources, gpus), **options)
        self.workflow = workflow
        self.purpose = purpose
        self.step = step
        self.taken = taken
        self.accelerator = accelerator_of(gpus)

    def execute(self, context: Any) -> Any:
        """Do the task with its jobs in pods, and return references."""
        from millrace.jobs.runtimes import Place

        def perform(
            request: JobRequest, store: Store, scratch: Path, report: Callable[[Event], None]
        ) -> Artifact:
            del scratch  # of this machine; the pod has its own
            return self.perform(request, store, report, context)

        packages = trainer_packages(Settings.load().project, self.accelerator)
        place = Place(perform, packages)
        return do_task(self.workflow, self.purpose, self.step, self.taken, place=place)

    def perform(
        self, request: JobRequest, store: Store, report: Callable[[Event], None], context: Any
    ) -> Artifact:
        """Perform a request in a pod.

        Args:
            request, store, report: see `millrace.jobs.runtimes.Runtime`. context: of the task.

        Raises:
            MillraceError: of the kind that tells whether a retry may help.
        """
        from millrace.jobs.runtimes.launch import Progress

        self.begin(Progress(request, store, report), self.workflow, context)
        try:
            self._follow_patiently(PodSettings.load().patience)
        except (PodLaunchFailedException, PodLaunchTimeoutException) as error:
            raise self._not_started(error) from error
        except API_ERRORS as error:
            return self._interrupted(error)
        except ConfigException as error:
            raise _no_cluster(error) from error
        return self._settled()

    def _follow_patiently(self, patience: float) -> None:
        """Follow the pod through failures of the API, each as long as `patience` seconds."""
        since: float | None = None
        while True:
            began = time.monotonic()
            try:
                return self.follow()
            except API_ERRORS as error:
                now = time.monotonic()
                since = began if since is None or now - began > _STEADY else since
                known = self._refusal(error)
                passing = isinstance(known, TransientError) and now - since < patience
                if not passing or self._killed:
                    raise
                self.log.warning("%s", known)
                time.sleep(_LOOK)

    def _settled(self) -> Artifact:
        """Return the result of the pod that ended, or raise why there is none; delete the pod."""
        from millrace.jobs.runtimes.kubernetes.ending import exit_code
        from millrace.jobs.runtimes.launch import settle

        try:
            code = exit_code(self._document(self.remote_pod))
            return settle(self.request, self.store, code, self.tail, what="pod")
        finally:
            self.remove(self.remote_pod)
            self.pod = None  # a task that is killed from now on must not delete another's

    def _not_started(self, error: Exception) -> MillraceError:
        """Return why the pod did not start, and delete it."""
        from millrace.jobs.runtimes.kubernetes.ending import why_not_started

        try:
            pod = None if self.pod is None else self.read(self.pod.metadata.namespace)
        except API_ERRORS:
            pod = None
        self.remove(pod)
        waited = isinstance(error, PodLaunchTimeoutException)
        document = self._document(pod or self.pod_request_obj)
        return why_not_started(document, self.startup_timeout_seconds, waited=waited)

    def _interrupted(self, error: Exception) -> Artifact:
        """Return the result of a pod that vanished, where another took its end; else raise."""
        vanished = getattr(error, "status", None) == _NOT_FOUND and self.pod is not None
        if not vanished:
            known = self._refusal(error)
            if not isinstance(known, TransientError):  # no retry will come to attach
                self.remove(self.pod)
            raise known from error
        artifact = None if self.request.replace else self.store.find(self.request.key)
        if artifact is None:
            raise TransientError(
                "the pod vanished while its job ran",
                where=self.name,
                remedy="It was deleted, or its node was; a retry resumes from the checkpoint.",
            ) from error
        return artifact

    def _refusal(self, error: Exception) -> MillraceError:
        from millrace.jobs.runtimes.kubernetes.refusals import refusal

        return refusal(error, f"pod {self.name}")

    def _document(self, pod: Any) -> dict[str, Any]:
        document: dict[str, Any] = self.client.api_client.sanitize_for_serialization(pod)
        return document


def _operator_options(resources: Resources, gpus: int) -> dict[str, Any]:
    """Return the arguments of Airflow's operator that are the same for all jobs of a task."""
    settings = PodSettings.load()
    image = trainer_image(accelerator_of(gpus))
    store = Settings.load().store
    return {
        "namespace": settings.namespace,
        "pod_template_dict": pod_document(settings, resources, image=image, store=store, gpus=gpus),
        "base_container_name": CONTAINER,
        "random_name_suffix": False,
        "durable": True,
        "do_xcom_push": True,
        "startup_timeout_seconds": settings.startup,
        "startup_check_interval_seconds": _LOOK,
        "termination_grace_period": GRACE,
        "container_name_log_prefix_enabled": False,
        "log_pod_spec_on_failure": False,
    }


def _no_cluster(error: Exception) -> MillraceError:
    return SpecError(
        "there is no cluster to send the pod to",
        where="Airflow's connection kubernetes_default",
        received=str(error),
        remedy="Run the task in a cluster, or give the connection a kubeconfig.",
    )
