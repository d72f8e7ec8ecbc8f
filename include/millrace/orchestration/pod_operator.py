"""`JobPodOperator`: Airflow's operator for pods, told that a pod belongs to a job and not to a try.

The cluster gives out a pod's name once, and the name is the job's; so whoever launches finds the
pod that performs the job already, whoever launched that. What became of a pod is not decided here.
"""

from __future__ import annotations

import dataclasses
import time
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pendulum
from airflow.providers.cncf.kubernetes.kubernetes_helper_functions import KubernetesApiException
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from millrace.errors import TransientError
from millrace.jobs.runtimes.kubernetes.document import CONTAINER, GRACE, SCRATCH

if TYPE_CHECKING:
    from kubernetes.client import V1Pod

    from millrace.jobs.runtimes.launch import Progress

API_ERRORS = (ApiException, HTTPError, KubernetesApiException)
"""What a call of the cluster's API raises."""

_NOT_FOUND, _CONFLICT = 404, 409
_GOING = 2 * GRACE + 30  # seconds after which a deleted pod that is still there is an error
_LOOK = 1.0  # seconds between looks at a pod that goes
_TRIES = 5  # launches that meet a pod which is gone when it is looked at
_LOGGED = "pod_log"  # task state: up to when which pod's log was passed on


class JobPodOperator(KubernetesPodOperator):
    """Launches the pod of a job, or attaches to it, and follows it to its end."""

    def begin(self, progress: Progress, workflow: str, context: Any) -> None:
        """Say whose pod the next one is, and forget that of an earlier job of this task.

        Args:
            progress: of the job. workflow: its name. context: of the task.
        """
        from millrace.jobs.runtimes.kubernetes import identity
        from millrace.jobs.runtimes.launch import TAIL

        request, store = progress.request, progress.store
        self.request, self.store, self.progress, self.context = request, store, progress, context
        self.pod = self.pod_request_obj = self.remote_pod = None
        self.name = identity.pod_name(request, store)
        self.labels = identity.pod_labels(request, workflow)
        self.annotations = identity.pod_annotations(request)
        self.tail: deque[str] = deque(maxlen=TAIL)
        self.log_formatter = self._noted
        self._logged = ""

    def follow(self) -> None:
        """Launch or find the pod and follow it to its end; called again, go on following."""
        self.do_xcom_push = False  # of Airflow's operator: a sidecar in the pod
        try:
            super().execute(self.context)
        finally:
            self.do_xcom_push = True  # of Airflow: what `execute` of the task returns

    def post_complete_action(self, **_: Any) -> None:
        """Leave the pod alone: that following it ended need not mean that the pod did."""

    def await_pod_completion(self, pod: V1Pod) -> None:  # type: ignore[override]
        """Follow the log of the pod, and pass on its progress meanwhile."""
        from millrace.jobs.runtimes.kubernetes.watching import watched

        def look() -> None:
            self.progress.look()
            self._remember_log()

        with watched(look, self.progress.interval):  # only here: nothing else talks to Airflow
            super().await_pod_completion(pod)

    def find_pod(
        self, namespace: str, context: Any, *, exclude_checked: bool = True
    ) -> V1Pod | None:
        """Return the pod of this name; None where there is none."""
        del context, exclude_checked  # by which Airflow's operator searches
        return self.read(namespace)

    def get_or_create_pod(self, pod_request_obj: V1Pod, context: Any) -> V1Pod:
        """Return the pod that performs the job: the one that does already, or a new one."""
        self._remove_outdated(context)
        for _ in range(_TRIES):
            found = self._usable(pod_request_obj) or self._launched(pod_request_obj)
            if found is not None:
                self._persist_pod_identity_to_task_state_store(context, found)
                return found
        raise TransientError("the pod keeps coming and going", where=self.name)

    def read(self, namespace: str) -> V1Pod | None:
        """Return the job's pod; None where there is none."""
        try:
            return self.client.read_namespaced_pod(self.name, namespace)
        except ApiException as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    def remove(self, pod: V1Pod | None) -> None:
        """Delete a pod; that it cannot be deleted must not hide what became of the job."""
        if pod is None:
            return
        try:
            self.pod_manager.delete_pod(pod)
        except API_ERRORS as error:
            self.log.warning("The pod %s was not deleted: %s", pod.metadata.name, error)

    def _usable(self, wanted: V1Pod) -> V1Pod | None:
        """Return the pod of this name if it makes, or made, what is wanted; else await its end."""
        from millrace.jobs.runtimes.docker.names import fits
        from millrace.jobs.runtimes.kubernetes.identity import attempt_of

        found = self.read(wanted.metadata.namespace)
        if found is None:
            return None
        phase, notes = found.status.phase, found.metadata.annotations or {}
        useful = phase != "Failed" and fits(self.request, notes, ended=phase == "Succeeded")
        if found.metadata.deletion_timestamp or not useful:
            self.remove(found)
            self._await_gone(found)
            return None
        self.log.info("Attaching to the pod %s, which performs this job already", self.name)
        attempt = attempt_of(notes, self.request.attempt)
        self.request = dataclasses.replace(self.request, attempt=attempt)
        self._resume_log(found)
        return found

    def _launched(self, wanted: V1Pod) -> V1Pod | None:
        """Hand over the request and create the pod; None where another launcher was faster."""
        from millrace.jobs.runtimes.launch import hand_over

        uri = hand_over(self.request, self.store)
        base = next(one for one in wanted.spec.containers if one.name == CONTAINER)
        base.args = [uri, "--scratch", SCRATCH]
        try:
            return self.client.create_namespaced_pod(wanted.metadata.namespace, wanted)
        except ApiException as error:
            if error.status == _CONFLICT:  # the name is taken: look again
                return None
            raise

    def _await_gone(self, pod: V1Pod) -> None:
        deadline = time.monotonic() + _GOING
        while (found := self.read(pod.metadata.namespace)) is not None:
            if found.metadata.uid != pod.metadata.uid:
                return
            if time.monotonic() > deadline:
                raise TransientError(
                    f"a deleted pod is still there after {_GOING} s",
                    where=self.name,
                    remedy="Its node may be unreachable; a retry waits on.",
                )
            time.sleep(_LOOK)

    def _remove_outdated(self, context: Any) -> None:
        """Delete the pod of an earlier try of this task that had another key."""
        from millrace.jobs.runtimes.docker.names import KEY
        from millrace.jobs.runtimes.kubernetes.unwanted import key_if_free

        known = self._known(context)
        if known is None or known.metadata.name == self.name:
            return
        name = known.metadata.name
        with key_if_free((known.metadata.annotations or {}).get(KEY, "")) as free:
            if free:
                self.log.info("The pod %s makes what is no longer wanted", name)
                self.remove(known)
            else:
                self.log.info("The pod %s of an earlier try is left: others want it", name)

    def _known(self, context: Any) -> V1Pod | None:
        """Return the pod of an earlier try; None where there is none, or Airflow does not say."""
        try:
            return self._get_pod_from_task_state_store(context)
        except API_ERRORS:
            raise
        except Exception as error:
            self.log.warning("Airflow did not give the task's state: %s", error)
            return None

    def _persist_pod_identity_to_task_state_store(self, context: Any, pod: V1Pod) -> None:
        """Keep the pod in the task's state, if that can be done."""
        try:
            super()._persist_pod_identity_to_task_state_store(context, pod)
        except Exception as error:
            self.log.warning("Airflow did not take the task's state: %s", error)

    def _noted(self, _container: str, line: str) -> str:
        """Keep the last lines of the pod's log, for the error of a job that died."""
        self.tail.append(line)
        return line

    def _remember_log(self) -> None:
        """Keep in the task's state up to when the log was passed on; never raises."""
        manager = vars(self).get("pod_manager")  # there is none before there is a client
        state = self.context.get("task_state_store")
        times = {} if manager is None else dict(manager.container_log_times)
        newest = max(times.values()).isoformat() if times else ""
        if state is None or newest == self._logged:
            return
        try:
            state.set(_LOGGED, {"pod": self.name, "until": newest})
            self._logged = newest
        except Exception as error:
            self.log.warning("Airflow did not take the task's state: %s", error)

    def _resume_log(self, pod: V1Pod) -> None:
        """Follow the log from where an earlier try of this task left it."""
        state = self.context.get("task_state_store")
        try:
            kept = state.get(_LOGGED) if state is not None else None
        except Exception as error:
            self.log.warning("Airflow did not give the task's state: %s", error)
            return
        if isinstance(kept, Mapping) and kept.get("pod") == self.name:
            place = (pod.metadata.namespace, pod.metadata.name, CONTAINER)
            until = pendulum.instance(datetime.fromisoformat(kept["until"]))
            self.pod_manager.container_log_times[place] = until
