"""`Watcher`: looks at jobs, containers and progress, several times a second, from outside."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from threading import Event, Thread

from crash.daemon import Daemon
from crash.observation import Seen
from crash.shelf import Shelf

_KEY = re.compile(r"requests/([0-9a-f]{16,})\.json")
_INTERVAL = 0.15  # seconds


class Watcher:
    """Samples one stack from `begin` to `end`.

    Args:
        shelf: the stack's store. daemon: its Docker daemon, or None.
        label: of its containers.
    """

    def __init__(self, shelf: Shelf, daemon: Daemon | None, label: str) -> None:
        self._shelf, self._daemon, self._label = shelf, daemon, label
        self._stop = Event()
        self._thread: Thread | None = None
        self._failure: Exception | None = None
        self.seen = Seen()

    def begin(self) -> None:
        """Forget what was seen and look from now on."""
        self._halt()
        self.seen, self._failure = Seen(), None
        self._stop.clear()
        self._thread = Thread(target=self._watch, daemon=True)
        self._thread.start()

    def end(self) -> Seen:
        """Stop looking and return what was seen; raise what kept it from looking."""
        self._halt()
        if self._failure is not None:
            raise self._failure
        self._read_progress()
        return self.seen

    def _halt(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def jobs(self) -> dict[int, str]:
        """Return the jobs that are alive as processes of this machine: key by process id."""
        found = list(_jobs(self._shelf.uri))
        known = {process for process, _, _ in found}
        return {process: key for process, key, parent in found if parent not in known}

    def containers(self, *, everything: bool = False) -> list[tuple[str, str]]:
        """Return id and key of the stack's containers."""
        if self._daemon is None:
            return []
        return self._daemon.containers(self._label, everything=everything)

    def alive(self) -> list[str]:
        """Return the key of every job that is alive; a container's process is not counted twice."""
        if self._daemon is None:
            return list(self.jobs().values())
        return [key for _, key in self.containers()]

    def _watch(self) -> None:
        try:
            while not self._stop.wait(_INTERVAL):
                self.seen.count(Counter(self.alive()), time.monotonic())
                self._read_progress()
        except Exception as error:
            self._failure = error

    def _read_progress(self) -> None:
        for data in self._shelf.progress():
            document = json.loads(data or b"{}")
            for event in document.get("events", ()) if document.get("stage") == "train" else ():
                if "validation_loss" in event:  # an epoch has ended
                    self.seen.epochs.add((event["at"], event["epoch"]))


def _jobs(uri: str) -> Iterable[tuple[int, str, int]]:
    """Yield process, key and parent of every job whose request is in the store at `uri`."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().decode(errors="replace")
            match = _KEY.search(line)
            if "millrace.jobs" in line and uri in line and match is not None:
                status = (folder / "stat").read_text().rpartition(")")[2].split()
                yield int(folder.name), match.group(1), int(status[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
