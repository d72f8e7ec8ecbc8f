"""`ManagedProcess`: a process in its own session that can be found again, and stopped, later.

Its file says who it is: the process id and the moment of its birth, so that a recycled id is never
taken for it and never killed. A process's session holds all that it started (workers, task
children); what left the session is found by a variable in its environment.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

MARK = "MILLRACE_COMPONENT"  # in the environment of everything that an installation starts
_POLL = 0.05  # seconds
_CHILDREN: list[subprocess.Popen[bytes]] = []  # kept, so that those which end are reaped


@dataclass(frozen=True)
class ManagedProcess:
    """A process that was started once, dead or alive.

    Attributes:
        name: of the component.
        pid: its process, session and group id.
        birth: when it started, exact, and only comparable within one boot of the machine.
        log: the file that it prints into.
        started: seconds since the epoch.
    """

    name: str
    pid: int
    birth: str
    log: str
    started: float

    @classmethod
    def start(
        cls, name: str, command: Sequence[str], env: Mapping[str, str], cwd: Path, log: Path
    ) -> ManagedProcess:
        """Start `command` in a session of its own; its earlier log is kept as ``<log>.1``."""
        if log.exists():
            os.replace(log, log.with_name(f"{log.name}.1"))
        with log.open("wb") as stream:
            process = subprocess.Popen(
                list(command),
                env={**env, MARK: name},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _CHILDREN.append(process)
        return cls(name, process.pid, birth(process.pid) or "", str(log), time.time())

    @classmethod
    def read(cls, file: Path) -> ManagedProcess | None:
        """Return what `file` describes; None where it is missing or damaged."""
        try:
            return cls(**json.loads(file.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write(self, file: Path) -> None:
        """Describe the process in `file`, atomically."""
        part = file.with_name(f"{file.name}.part")
        part.write_text(json.dumps(asdict(self)), encoding="utf-8")
        os.replace(part, file)

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return bool(self.birth) and birth(self.pid) == self.birth

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the process alone; it stops its own children."""
        if self.alive:
            _signal(self.pid, signal.SIGTERM)

    def wait(self, seconds: float) -> bool:
        """Wait for the end; return whether it came within `seconds`."""
        end = time.monotonic() + seconds
        while self.alive and time.monotonic() < end:
            time.sleep(_POLL)
        return not self.alive

    def members(self) -> list[psutil.Process]:
        """Return what is left of the process's session, itself included."""
        holder = birth(self.pid)
        if not self.birth or _boot(self.birth) != _boot_id() or holder not in (None, self.birth):
            return []  # another boot, or the id belongs to a stranger now
        return [process for process in psutil.process_iter() if self._has(process)]

    def _has(self, process: psutil.Process) -> bool:
        try:
            if os.getsid(process.pid) != self.pid or process.uids().real != os.getuid():
                return False
            return (
                process.pid == self.pid
                or "airflow" in " ".join(process.cmdline())
                or (process.environ().get(MARK) == self.name)
            )
        except (OSError, psutil.Error):
            return False


def marked(home: Path, names: Iterable[str]) -> list[psutil.Process]:
    """Return what the named components of the installation at `home` started, in any session.

    The caller and its ancestors are left out, so that a task may call this.
    """
    wanted = set(names)
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            env = {} if process.pid in own else process.environ()
        except (OSError, psutil.Error):
            continue
        if env.get(MARK) in wanted and env.get("MILLRACE_HOME") == str(home):
            found.append(process)
    return found


def kill(processes: Iterable[psutil.Process], seconds: float = 10.0) -> int:
    """Kill the processes, wait until they are gone, and return how many there were."""
    doomed = list({process.pid: process for process in processes}.values())
    for process in doomed:
        try:
            process.kill()  # psutil compares the birth before it sends a signal
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(doomed, timeout=seconds)
    reap()
    return len(doomed)


def reap() -> None:
    """Collect ended children of this very process, which would otherwise stay as zombies."""
    _CHILDREN[:] = [child for child in _CHILDREN if child.poll() is None]


def birth(pid: int) -> str | None:
    """Return what tells this holder of `pid` from any other; None where nothing runs under it."""
    reap()
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return f"{_boot_id()}/{_ticks(pid) or process.create_time()}"
    except psutil.NoSuchProcess:
        return None


def _ticks(pid: int) -> str | None:
    """Return Linux's start time in clock ticks after boot, which no change of the clock moves."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()[19]


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return str(int(psutil.boot_time()))


def _boot(birth_: str) -> str:
    return birth_.partition("/")[0]


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
