"""A small installation with one finished run, and the app over it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi import FastAPI, HTTPException, Request
from starlette.datastructures import Headers

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.reference import ArtifactRef
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.catalog.records import RunRecord
from millrace.settings import Settings
from millrace.web.app import create_app


@dataclass
class Installation:
    """Catalog, store, and shortcuts to fill them."""

    settings: Settings
    catalog: Catalog
    store: Store
    folder: Path
    readable: set[str] = field(default_factory=lambda: {"digits", "digits_predict"})

    def start(self, run_id: str = "manual__1", dag_id: str = "digits", **more: Any) -> RunRecord:
        arguments = {
            "workflow": dag_id.removesuffix("_predict"),
            "spec": {"name": "digits"},
            "spec_digest": "5" * 64,
            "params": {"epochs": 2},
            "trigger": "manual",
            "version": "0.1.0",
        }
        return self.catalog.runs.start(run_id, dag_id=dag_id, **(arguments | more))

    def artifact(self, key: str, kind: str, files: dict[str, bytes], **facts: Any) -> Artifact:
        entries = {}
        for number, (name, content) in enumerate(files.items()):
            path = self.folder / f"{key[:8]}-{number}"
            path.write_bytes(content)
            entries[name] = self.store.put(path)
        return self.store.publish(Manifest(kind, key, entries, facts, rows=3))

    def execute(
        self,
        run: RunRecord,
        stage: str,
        output: Artifact | None,
        inputs: dict[str, Artifact] | None = None,
        partition: str | None = None,
        **more: Any,
    ) -> None:
        """Record a finished execution; `more` are arguments of `Executions.finish`."""
        read = [{"role": role, **one.ref.to_document()} for role, one in (inputs or {}).items()]
        key = "0" * 64 if output is None else output.manifest.key
        number = self.catalog.executions.begin(
            run=run.id,
            stage=stage,
            partition=partition,
            key=key,
            key_parts={},
            inputs=read,
            attempt=1,
            host="host",
        )
        finish: dict[str, Any] = {
            "state": "done",
            "reason": "first execution of this stage",
            "seconds": 1.5,
        }
        reference: ArtifactRef | None = None if output is None else output.ref
        self.catalog.executions.finish(number, output=reference, **(finish | more))


@dataclass
class Answer:
    """What the app answered."""

    status_code: int
    headers: Headers
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()


class Client:
    """Asks the app in this process, mounted at ``/millrace``; sends paths exactly as they are."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, target: str, user: str | None = "vera") -> Answer:
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "server": ("test", 80),
            "root_path": "/millrace",
            "path": "/millrace" + unquote(path),
            "query_string": query.encode(),
            "headers": [] if user is None else [(b"user", user.encode())],
        }
        return asyncio.run(self._ask(scope))

    async def _ask(self, scope: dict[str, Any]) -> Answer:
        sent: list[dict[str, Any]] = []

        asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> dict[str, Any]:
            for message in asked:
                return message
            return await asyncio.Future()  # the browser stays

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._app(scope, receive, send)  # type: ignore[arg-type]
        content = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], Headers(raw=sent[0]["headers"]), content)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load({"MILLRACE_HOME": str(tmp_path / "home")})


@pytest.fixture
def installation(settings: Settings, tmp_path: Path) -> Iterator[Installation]:
    with Catalog(settings.catalog) as catalog:
        catalog.migrate()
        yield Installation(settings, catalog, Store(settings.store), tmp_path)


@pytest.fixture
def client_of() -> Callable[..., Client]:
    """Make a client of the app; a request without the header `user` is nobody's."""

    def make(settings: Settings, readable: set[str]) -> Client:
        def permission(request: Request) -> Callable[[str], bool]:
            if "user" not in request.headers:
                raise HTTPException(401, "Not authenticated")
            return readable.__contains__

        return Client(create_app(settings, permission))

    return make


@pytest.fixture
def client(installation: Installation, client_of: Callable[..., Client]) -> Client:
    return client_of(installation.settings, installation.readable)
