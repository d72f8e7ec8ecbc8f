"""`docker_place`: where a task's jobs are performed when there is no Airflow between."""

from __future__ import annotations

from collections.abc import Mapping

from millrace.artifacts.store import Store
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes import Place
from millrace.jobs.runtimes.docker.access import access
from millrace.jobs.runtimes.docker.daemon import Daemon, connect
from millrace.jobs.runtimes.docker.names import installation
from millrace.jobs.runtimes.docker.options import ContainerOptions
from millrace.jobs.runtimes.docker.runtime import DockerRuntime
from millrace.jobs.runtimes.docker.settings import DockerSettings
from millrace.jobs.runtimes.trainer import accelerator_of, trainer_image, trainer_packages
from millrace.settings import Settings
from millrace.workflow.resources import Resources


def docker_place(
    settings: Settings, task: str, resources: Resources, labels: Mapping[str, str] | None = None
) -> Place:
    """Return the Docker daemon of ``DOCKER_HOST`` as a place for a task's jobs.

    Args:
        settings: of the installation. task: name; see `Resources.gpus_of`.
        resources: that its containers ask for. labels: of them, besides the usual ones.

    Raises:
        SpecError: the lock of the trainer image is missing.
    """
    gpus = resources.gpus_of(task)
    accelerator = accelerator_of(gpus)

    def options(request: JobRequest, store: Store) -> ContainerOptions:
        given = access(request, store, DockerSettings.load())
        return ContainerOptions.of(trainer_image(accelerator), resources, gpus, **given)

    ours = {**installation(settings.catalog), **(labels or {})}
    runtime = DockerRuntime(Daemon(connect), options, ours)
    return Place(runtime, trainer_packages(settings.project, accelerator))
