"""Jobs of a second: a source whose reader collects three records, in one way or another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from millrace.jobs.code import forget
from millrace.jobs.keys import key_of, key_parts
from millrace.jobs.request import JobRequest
from millrace.jobs.stages import stage_named

KIND = "small_source:Reader"
READER = """
import os, signal, time
import numpy as np
from pathlib import Path
from millrace.data.sources.partition import Partition
from millrace.data.sources.raw import pixel_table
from millrace.errors import DataError, SpecError, TransientError

class Reader:
    def __init__(self, document, do="nothing", seconds=60, go="/nonexistent", flag=None):
        self.do, self.ticks, self.go, self.flag = do, int(seconds * 4), Path(go), flag

    def partitions(self):
        return [Partition("s", 0, 0, 3, "f")]

    def read(self, partition):
        print("reading", os.environ.get("ACCESS", "nothing"))
        if self.flag:
            Path(self.flag).write_text(str(os.getpid()))
        getattr(self, self.do)()
        images = np.zeros((partition.rows, 2, 2, 1), np.uint8)
        yield pixel_table(partition, 0, images, ["a"] * partition.rows, "a.bin")

    def nothing(self): ...

    def spec(self):
        raise SpecError("there is no such file", where="a.bin")

    def data(self):
        raise DataError("the file is torn", where="a.bin", remedy="Fetch it again.")

    def later(self):
        raise TransientError("the disk is busy")

    def bug(self):
        raise ZeroDivisionError("oops")

    def die(self):
        os.kill(os.getpid(), signal.SIGKILL)

    def eat(self):
        self.hoard = [np.ones(1 << 24) for _ in range(64)]

    def fill(self):
        Path("/tmp/full").write_bytes(b"x" * (300 << 20))

    def wait(self):
        for number in range(self.ticks):
            print(f"tick {number}", flush=True)
            if self.go.exists():
                break
            time.sleep(0.25)
"""


def install(folder: Path) -> Path:
    """Write the reader's module into a new folder and return the folder, to be imported from."""
    folder.mkdir()
    (folder / "small_source.py").write_text(READER)
    forget()
    return folder


def request_for(do: str = "nothing", *, options: Any = None, **more: Any) -> JobRequest:
    """Return a request to collect three records.

    Args:
        do: what the reader does first, a method of it. options: of it. more: of the request.
    """
    given = {"do": do, **(options or {})}
    partition = {"source": "s", "start": 0, "stop": 3, "fingerprint": "f", "member": None}
    params = {"kind": KIND, "read": {"options": given}, "partition": partition}
    parts = key_parts(stage_named("collect"), params, {})
    source = {"name": "s", "kind": KIND, "options": given}
    places = {"source": source, "at": {"index": 0}}
    known = {"attempt": "1-1", "locations": places, **more}
    return JobRequest("collect", key_of(parts), parts, params, {}, **known)
