"""`OwnDaemon`: a Docker daemon of our own, so that killing it disturbs nobody else.

It has its own socket, data, state and containerd, and no network bridge. It needs root.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil

from crash.daemon import Daemon

_READY_SECONDS = 180.0
_SHOWN = 20  # lines of the log of one that does not start


class OwnDaemon(Daemon):
    """A Docker daemon below `folder` (a short path: a socket's may have 107 characters)."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"unix://{folder / 'docker.sock'}")
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def pid(self) -> int | None:
        """The process, or None where it does not run."""
        alive = self._process is not None and self._process.poll() is None
        return self._process.pid if alive and self._process is not None else None

    def start(self) -> None:
        """Start it and wait until it answers; what it had before is there again.

        One that ends meanwhile is started again, as a host's service manager does: after a kill,
        the rests of the one before may be in its way for a moment.
        """
        if shutil.which("dockerd") is None or os.geteuid():
            raise SystemExit("a Docker daemon of one's own needs root and Docker's dockerd")
        end = time.monotonic() + _READY_SECONDS
        while not self.answers:
            if self.pid is None:
                self._spawn()
            if time.monotonic() > end:
                said = "\n".join(self._log.read_text(errors="replace").splitlines()[-_SHOWN:])
                raise SystemExit(f"the Docker daemon does not start; it said:\n{said}")
            time.sleep(0.5)

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _spawn(self) -> None:
        places = {"data-root": "data", "exec-root": "exec", "pidfile": "pid"}
        # A network of its own: without a bridge it would remove that of the machine's daemon.
        command = ["unshare", "--net", "dockerd", f"--host={self.host}", "--bridge=none"]
        command += [f"--{name}={self._folder / place}" for name, place in places.items()]
        (self._folder / "pid").unlink(missing_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--iptables=false", "--ip-forward=false"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self, number: signal.Signals) -> None:
        """Send it a signal and wait for its end."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(60)

    def load(self, image: str) -> None:
        """Copy an image from the machine's usual daemon."""
        environment = {k: v for k, v in os.environ.items() if k != "DOCKER_HOST"}
        with subprocess.Popen(
            ["docker", "save", image], stdout=subprocess.PIPE, env=environment
        ) as saved:
            command = ["docker", f"--host={self.host}", "load"]
            loaded = subprocess.run(command, stdin=saved.stdout, capture_output=True, check=False)
        if saved.returncode or loaded.returncode:
            raise SystemExit(f"the image {image} cannot be copied: is it built?")

    def close(self) -> None:
        """Remove its containers, stop it with its containerd, and delete all that it had."""
        if self.pid is not None:
            for container, _ in self.containers(everything=True):
                self.remove(container)
        self.stop(signal.SIGTERM)
        for process in psutil.process_iter(["cmdline"]):
            if any(str(self._folder) in word for word in process.info["cmdline"] or ()):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        for line in Path("/proc/self/mounts").read_text().splitlines():
            if line.split()[1].startswith(str(self._folder)):
                subprocess.run(["umount", "--lazy", line.split()[1]], check=False)
        shutil.rmtree(self._folder, ignore_errors=True)
