"""A small HTTP server that answers as the pod API of Kubernetes does, and really runs the pods.

A pod is a child process of this machine: its container's command, with this Python and nothing of
the environment but what the pod's document gives it. Its scratch folders are temporary folders. So
the real operator and the real client meet real exit codes, logs, signals and races.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import tls_server
from certificates import Certificates

PROJECT = Path(__file__).parents[1]
_PATH = re.compile(
    r"/api/v1/namespaces/(?P<namespace>[^/]+)/(?P<kind>pods|events)"
    r"(?:/(?P<name>[^/]+))?(?:/(?P<part>log))?$"
)
_VERBS = {"POST": "create", "GET": "get", "DELETE": "delete", "PATCH": "patch"}
Document = dict[str, Any]


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


class RunningPod:
    """A pod: its document and the process of its container."""

    def __init__(self, document: Document, api: PodApi) -> None:
        self.document = document
        self.api = api
        self.lines: list[tuple[str, bytes]] = []
        self.changed = threading.Condition()
        self.process: subprocess.Popen[bytes] | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="pod-"))
        document["metadata"].update(uid=f"uid-{id(self)}", creationTimestamp=now())
        self.status(phase="Pending", conditions=[{"type": "PodScheduled", "status": "True"}])

    @property
    def name(self) -> str:
        return str(self.document["metadata"]["name"])

    def status(self, **values: Any) -> None:
        self.document["status"] = {**self.document.get("status", {}), **values}

    def state(self, **state: Any) -> None:
        image = self.document["spec"]["containers"][0]["image"]
        one = {"name": "base", "image": image, "imageID": "", "ready": False, "restartCount": 0}
        self.status(containerStatuses=[{**one, "state": state}])

    def start(self) -> None:
        container = self.document["spec"]["containers"][0]
        mapped = {mount["mountPath"]: self._mount(mount) for mount in container["volumeMounts"]}
        command = [mapped.get(word, word) for word in (*container["command"], *container["args"])]
        command[0] = sys.executable if command[0] == "python" else command[0]
        env = {**self.api.image, **self.api.environment_of(container)}
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={name: mapped.get(value, value) for name, value in env.items()},
            start_new_session=True,
        )
        self.state(running={"startedAt": now()})
        self.status(phase="Running", startTime=now())
        threading.Thread(target=self._follow, daemon=True).start()

    def _mount(self, mount: Mapping[str, str]) -> str:
        volumes = {volume["name"]: volume for volume in self.document["spec"]["volumes"]}
        if "emptyDir" not in volumes[mount["name"]]:
            return mount["mountPath"]
        path = self.folder / mount["name"]
        path.mkdir()
        return str(path)

    def _follow(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                with self.changed:
                    self.lines.append((now(), line))
                    self.changed.notify_all()
        code = self.process.wait()
        self.end(code if code >= 0 else 128 - code)

    def end(self, code: int, reason: str | None = None) -> None:
        reason = reason or self.api.reason or ("Completed" if code == 0 else "Error")
        with self.changed:
            self.state(terminated={"exitCode": code, "reason": reason, "finishedAt": now()})
            self.status(phase="Failed" if code else "Succeeded")
            self.changed.notify_all()

    @property
    def ended(self) -> bool:
        return self.document["status"]["phase"] in ("Succeeded", "Failed")

    def stop(self, grace: float) -> None:
        """End it as a kubelet does: SIGTERM, then SIGKILL; then nobody knows it any more."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(grace)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        with self.changed:
            self.api.pods.pop(self.name, None)
            self.changed.notify_all()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self, since: float | None) -> Iterator[bytes]:
        """Yield lines with their times, until the container has ended or the stream is cut."""
        sent = 0
        while True:
            with self.changed:
                while len(self.lines) == sent and not self.ended and self.name in self.api.pods:
                    self.changed.wait(0.2)
                fresh = self.lines[sent:]
            for at, line in fresh:
                if since is None or datetime.fromisoformat(at).timestamp() >= since:
                    yield at.encode() + b" " + line
            sent += len(fresh)
            gone = self.name not in self.api.pods
            if (self.ended or gone) and len(self.lines) == sent:
                return


class PodApi:
    """What the cluster knows, what it was asked, and what it is made to do.

    Attributes:
        url: of the API. image: environment of the image. secrets: entries by name.
        requests: (verb, resource) of every call, as a role names them.
        created, logged: names of the pods that were created, and whose log was asked for.
        cuts: log streams that end after a line though the container runs on.
        waiting: state in which the container of a new pod stays. unschedulable: why no node takes
            it. start_after: seconds until a container runs. reason: of its end.
        refuse: (verb or resource, status) to a number of times.
    """

    def __init__(self) -> None:
        self.url = ""
        self.image = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROJECT / "include"),
            "PYTHONUNBUFFERED": "1",
        }
        self.secrets: dict[str, dict[str, str]] = {}
        self.pods: dict[str, RunningPod] = {}
        self.requests: set[tuple[str, str]] = set()
        self.created: list[str] = []
        self.logged: list[str | None] = []
        self.cuts = 0
        self.waiting: Document | None = None
        self.unschedulable: str | None = None
        self.reason: str | None = None
        self.start_after = 0.0
        self.refuse: dict[tuple[str, int], int] = {}
        self.lock = threading.Lock()

    def environment_of(self, container: Document) -> dict[str, str]:
        """Return the environment of a container: its own, and its secrets' entries."""
        found = {one["name"]: one["value"] for one in container.get("env", ())}
        for source in container.get("envFrom", ()):
            found.update(self.secrets[source["secretRef"]["name"]])
        return found

    def refused(self, verb: str, resource: str) -> int | None:
        """Return the status with which a call is refused, or None."""
        with self.lock:
            self.requests.add((verb, resource))
            for (wanted, status), times in self.refuse.items():
                if wanted in (verb, resource) and times:
                    self.refuse[wanted, status] -= 1
                    return status
        return None

    def create(self, document: Document) -> tuple[int, Document]:
        name = document["metadata"]["name"]
        with self.lock:
            if name in self.pods:
                return _error(409, f'pods "{name}" already exists')
            pod = self.pods[name] = RunningPod(document, self)
            self.created.append(name)
        if self.unschedulable is not None:
            message = {"reason": "Unschedulable", "message": self.unschedulable}
            pod.status(conditions=[{"type": "PodScheduled", "status": "False", **message}])
        elif self.waiting is not None:
            pod.state(waiting=self.waiting)
        else:
            threading.Timer(self.start_after, pod.start).start()
        return 201, pod.document

    def delete(self, name: str, grace: float | None) -> tuple[int, Document]:
        pod = self.pods.get(name)
        if pod is None:
            return _error(404, f'pods "{name}" not found')
        if "deletionTimestamp" not in pod.document["metadata"]:
            pod.document["metadata"]["deletionTimestamp"] = now()
            seconds = pod.document["spec"]["terminationGracePeriodSeconds"]
            threading.Thread(
                target=pod.stop, args=(seconds if grace is None else grace,), daemon=True
            ).start()
        return 200, pod.document

    def labelled(self, selector: str) -> list[Document]:
        """Return the pods that a selector of equalities finds."""
        wanted = dict(part.split("=") for part in selector.split(",") if part)
        return [
            pod.document
            for pod in self.pods.values()
            if wanted.items() <= pod.document["metadata"].get("labels", {}).items()
        ]

    def config(self, folder: Path, authority: Path | None = None) -> Path:
        """Write a kubeconfig that leads here, and whom it trusts; return its path."""
        path = folder / "kubeconfig.json"
        trusted = {"certificate-authority": str(authority)} if authority else {}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": self.url, **trusted}}],
            "users": [{"name": "me", "user": {"token": "of-the-test"}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        }
        path.write_text(json.dumps(document))
        return path

    def close(self) -> None:
        for pod in list(self.pods.values()):
            pod.stop(0)


def _error(status: int, message: str) -> tuple[int, Document]:
    return status, {"kind": "Status", "status": "Failure", "code": status, "message": message}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: PodApi

    def _any(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        found = _PATH.match(parts.path)
        if found is None:
            return self._answer(*_error(404, f"no {parts.path}"))
        kind, name, part = found["kind"], found["name"], found["part"]
        verb = _VERBS[self.command] if name or self.command != "GET" else "list"
        resource = f"{kind}/{part}" if part else kind
        status = self.api.refused(verb, resource)
        if status is not None:
            return self._answer(*_error(status, f"{verb} {resource} is forbidden to you"))
        if part == "log":
            return self._log(name, query)
        return self._answer(*self._do(verb, kind, name, query, body))

    def _do(
        self, verb: str, kind: str, name: str | None, query: Mapping[str, str], body: Document
    ) -> tuple[int, Document]:
        if kind == "events":
            return 200, {"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": []}
        if verb == "list":
            items = self.api.labelled(query.get("labelSelector", ""))
            return 200, {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}
        if verb == "create":
            return self.api.create(body)
        assert name is not None
        if verb == "delete":
            grace = query.get("gracePeriodSeconds", body.get("gracePeriodSeconds"))
            return self.api.delete(name, None if grace is None else float(grace))
        pod = self.api.pods.get(name)
        return _error(404, f'pods "{name}" not found') if pod is None else (200, pod.document)

    def _log(self, name: str, query: Mapping[str, str]) -> None:
        pod = self.api.pods.get(name)
        if pod is None:
            return self._answer(*_error(404, f'pods "{name}" not found'))
        seconds = query.get("sinceSeconds")
        self.api.logged.append(seconds)
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        with suppress(BrokenPipeError, ConnectionResetError):
            for line in pod.log(None if seconds is None else time.time() - float(seconds)):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()
                if self.api.cuts:
                    self.api.cuts -= 1
                    self.close_connection = True
                    return None
            self.wfile.write(b"0\r\n\r\n")
        return None

    def _answer(self, status: int, document: Document) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = do_PATCH = _any  # noqa: N815

    def log_message(self, *_: Any) -> None: ...


@contextmanager
def serve(made: Certificates | None = None) -> Iterator[PodApi]:
    """Run the API of an empty cluster on a free port of loopback; with certificates over HTTPS."""
    api = PodApi()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": api}))
    server.daemon_threads = True
    if made is not None:
        server.socket = tls_server.wrapped(server.socket, made)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    scheme = "http" if made is None else "https"
    api.url = f"{scheme}://127.0.0.1:{server.server_port}"
    try:
        yield api
    finally:
        api.close()
        server.shutdown()
        server.server_close()
        thread.join()
