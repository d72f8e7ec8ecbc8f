"""Progress of a running job: a small document in the store that anyone may read while it runs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from millrace.artifacts.store import Store

_KEPT = 500  # events; enough for the epochs of a training

Event = Mapping[str, Any]


def document_name(key: str) -> str:
    """Return the name of the progress document of a key."""
    return f"progress/{key}.json"


class ProgressWriter:
    """Appends a job's events to its progress document; called by the stage's `report`."""

    def __init__(self, store: Store, key: str, stage: str) -> None:
        self._store = store
        self._name = document_name(key)
        self._document: dict[str, Any] = {"stage": stage, "count": 0, "events": [], "latest": {}}

    def __call__(self, event: Event) -> None:
        """Add an event (JSON values) and make it visible."""
        stamped = {**event, "at": time.time()}
        events = [*self._document["events"], stamped][-_KEPT:]
        count = self._document["count"] + 1
        self._document.update(count=count, events=events, latest=stamped)
        self._store.write_document(self._name, json.dumps(self._document).encode())


class ProgressReader:
    """Hands over the events that came since it last looked."""

    def __init__(self, store: Store, key: str, handle: Callable[[Event], None]) -> None:
        self._store = store
        self._name = document_name(key)
        self._handle = handle
        self._seen = 0

    def poll(self) -> None:
        """Pass every new event to the handler, in order."""
        document = read_progress(self._store, self._name)
        count = int(document.get("count", 0))
        if count < self._seen:  # a new attempt started its document anew
            self._seen = 0
        new = min(count - self._seen, len(document.get("events", ())))
        self._seen = count
        for event in document["events"][-new:] if new else ():
            self._handle(event)


def read_progress(store: Store, name: str) -> dict[str, Any]:
    """Return a progress document; empty where there is none yet."""
    data = store.read_document(name)
    document: dict[str, Any] = json.loads(data) if data else {}
    return document
