"""`Daemon`: the few things that are asked of a Docker daemon, its refusals as Millrace's errors.

Knows nothing of jobs. The SDK is imported where a client is made, never when this module is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from millrace.errors import MillraceError, SpecError, TransientError, distrusted
from millrace.jobs.runtimes.docker.options import SCRATCH, ContainerOptions

_MISSING, _CONFLICT, _FORBIDDEN = 404, 409, 403
_SECONDS = 30  # for an answer of the daemon
GONE = "the Docker daemon does not answer"

Document = dict[str, Any]


class UnreachableError(TransientError):
    """The daemon does not answer, or cannot now; its containers may go on meanwhile.

    Stays in this package.
    """

    def plain(self) -> MillraceError:
        """Return it as an error of Millrace's tree."""
        return TransientError.from_document({**self.to_document(), "type": "TransientError"})


class NoDeviceError(SpecError):
    """The daemon has no GPU to give. Stays in this package."""

    def plain(self) -> MillraceError:
        """Return it as an error of Millrace's tree."""
        return SpecError.from_document({**self.to_document(), "type": "SpecError"})


class Daemon:
    """A Docker daemon.

    Args:
        connect: makes a client of the SDK (`docker.APIClient`), which has been answered once.
    """

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._client: Any = None

    @property
    def client(self) -> Any:
        """The SDK's client, made when it is first needed."""
        if self._client is None:
            self._client = self._connect()
        return self._client

    def close(self) -> None:
        """Close the connections; the next question opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def inspect(self, container: str) -> Document | None:
        """Return what the daemon knows of a container, by id or name; None where it is gone."""
        found: Document | None = self._unless_gone(lambda: self.client.inspect_container(container))
        return found

    def image(self, name: str) -> Document | None:
        """Return what the daemon knows of an image, or None."""
        found: Document | None = self._unless_gone(lambda: self.client.inspect_image(name))
        return found

    def architecture(self) -> str:
        """Return the processor architecture of the daemon's host, as images name it."""
        with _answers():
            return str(self.client.version().get("Arch", ""))

    def create(
        self, name: str, options: ContainerOptions, command: Sequence[str], labels: dict[str, str]
    ) -> str | None:
        """Make a container that runs ``python -m millrace.jobs``; do not start it.

        Returns:
            Its id, or None where there is one of that name already.
        """
        from docker.errors import APIError

        with _answers():
            try:
                made = self.client.create_container(
                    options.image,
                    list(command),
                    entrypoint=["python", "-m", "millrace.jobs"],
                    name=name,
                    user=options.user,
                    environment={**options.environment, **options.private},
                    labels=labels,
                    volumes=[SCRATCH],
                    host_config=self.client.create_host_config(**options.host()),
                )
            except APIError as error:
                if error.status_code == _CONFLICT:
                    return None
                raise
        return str(made["Id"])

    def start(self, container: str) -> None:
        """Start a container that was made; `TransientError` where it is gone again."""
        from docker.errors import NotFound

        with _answers():
            try:
                self.client.start(container)
            except NotFound as error:
                raise TransientError("the container was removed before it ran") from error

    def stop(self, container: str, seconds: int) -> None:
        """Send SIGTERM, and SIGKILL after so many seconds; one that is gone is fine."""
        self._unless_gone(lambda: self.client.stop(container, timeout=seconds))

    def remove(self, container: str) -> None:
        """Kill and remove a container with its volume; one that is gone is fine."""
        from docker.errors import APIError

        with _answers():
            try:
                self.client.remove_container(container, v=True, force=True)
            except APIError as error:
                if error.status_code not in (_MISSING, _CONFLICT):  # gone, or being removed
                    raise

    def lines(self, container: str, since: float | None) -> Iterator[bytes]:
        """Yield what a container prints, a line or a piece of one, each behind its time."""
        with _answers():
            stream = self.client.logs(
                container, stream=True, follow=True, timestamps=True, since=since or None
            )
            try:
                yield from stream
            finally:
                with suppress(AttributeError, OSError):  # it has ended
                    stream.close()

    def labelled(self, *labels: str) -> list[Document]:
        """Return the containers with all these labels (``name`` or ``name=value``)."""
        with _answers():
            return list(self.client.containers(all=True, filters={"label": list(labels)}))

    def _unless_gone(self, ask: Callable[[], Any]) -> Any:
        from docker.errors import NotFound

        with _answers():
            try:
                return ask()
            except NotFound:
                return None


def connect() -> Any:
    """Return a client of the daemon that ``DOCKER_HOST`` names; this host's by default.

    Raises:
        SpecError: this user may not use it, or its certificate cannot be trusted.
        TransientError: it does not answer.
    """
    from docker import APIClient
    from docker.errors import DockerException
    from docker.utils import kwargs_from_env

    url = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    path = _socket(url)
    if path is not None and not path.exists():
        raise unreachable([url], "there is no such socket")
    try:
        client = APIClient(**kwargs_from_env(), timeout=_SECONDS)
        client.ping()
    except (DockerException, OSError) as error:
        if distrusted(error):
            raise SpecError(
                "the Docker daemon's certificate cannot be trusted",
                where=url,
                received=str(error),
                remedy="Correct DOCKER_CERT_PATH: a folder with ca.pem of the daemon's authority, "
                "cert.pem and key.pem.",
            ) from error
        raise unreachable([url], error) from error
    return client


def unreachable(urls: Sequence[str], cause: object) -> MillraceError:
    """Return why no daemon can be spoken to at these addresses."""
    for path in filter(None, map(_socket, urls)):
        if path.exists() and not os.access(path, os.R_OK | os.W_OK):
            return SpecError(
                "this user may not use the Docker daemon",
                where=path,
                remedy="Add the user that runs Airflow's workers to the group docker.",
            )
    return UnreachableError(
        GONE,
        where=", ".join(urls),
        received=str(cause),
        remedy="Start it, or correct DOCKER_HOST.",
    )


def _socket(url: str) -> Path | None:
    """Return the path of a ``unix:`` address, written with two slashes or three."""
    return Path("/" + url[5:].lstrip("/")) if url.startswith("unix:") else None


@contextmanager
def _answers() -> Iterator[None]:
    """Translate what the SDK and its HTTP client raise."""
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except APIError as error:
        raise _refusal(error) from error
    except (DockerException, RequestException, HTTPError, OSError) as error:
        raise UnreachableError(GONE, received=str(error)) from error


def _refusal(error: Any) -> MillraceError:
    """Return the daemon's refusal as an error that says what to do."""
    said = str(error.explanation or error)
    known = next((make for words, make in _REFUSALS if words in said), None)
    if known is not None:
        return known(said)
    if error.status_code == _FORBIDDEN:
        return SpecError(
            "the way to the Docker daemon does not allow this",
            received=said,
            remedy="Let the socket proxy pass what the Docker runtime needs.",
        )
    if error.status_code is not None and error.status_code < 500:
        return SpecError("the Docker daemon refused", received=said)
    return UnreachableError(  # also a proxy's word while the daemon is away
        "the Docker daemon failed, or is away", received=said
    )


def _no_device(said: str) -> MillraceError:
    return NoDeviceError(
        "a GPU was asked for, and the Docker daemon has none to give",
        received=said,
        remedy="Install NVIDIA's container toolkit on that host; or set resources.gpus: 0, or "
        "resources.without_gpu: cpu.",
    )


def _no_room(said: str) -> MillraceError:
    return TransientError(
        "the disk of the Docker daemon is full",
        received=said,
        remedy="Free some: docker system df, docker system prune.",
    )


def _not_executable(said: str) -> MillraceError:
    return SpecError(
        "the image cannot run a job", received=said, remedy="Build it again: make images."
    )


def _no_folder(said: str) -> MillraceError:
    return SpecError(
        "the host of the Docker daemon does not have this folder",
        received=said,
        remedy="Where Airflow runs in a container, name the volume of the store in "
        "MILLRACE_DOCKER_VOLUME; where the daemon is elsewhere, use an S3 store.",
    )


_REFUSALS: tuple[tuple[str, Callable[[str], MillraceError]], ...] = (
    ("could not select device driver", _no_device),
    ("nvidia-container-cli", _no_device),
    ("no space left on device", _no_room),
    ("exec format error", _not_executable),
    ("executable file not found", _not_executable),
    ("bind source path does not exist", _no_folder),
)
