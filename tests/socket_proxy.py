"""The stack's Docker proxy on this machine: its own configuration in Debian's nginx."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "include" / "images" / "proxy"
MODULE = Path("/usr/lib/nginx/modules/ngx_http_js_module.so")
MISSING = "nginx with its module njs is not on this machine (packages nginx, libnginx-mod-http-js)"


def available() -> bool:
    """Whether the proxy can run here."""
    return nginx() is not None and MODULE.exists()


def nginx() -> str | None:
    """Return the server's program."""
    return shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configured(file: str, folder: Path, places: dict[str, str]) -> Path:
    """Write a configuration of the stack with the places of this machine; return its path."""
    text = (FOLDER / file).read_text()
    outside = {"/tmp/": f"{folder}/", "/dev/stderr": f"{folder}/error.log"}
    for old, new in {**outside, "/dev/stdout": f"{folder}/access.log", **places}.items():
        assert old in text, f"{file} names no {old}"
        text = text.replace(old, new)
    user = "user root;\n" if os.geteuid() == 0 else ""  # no other user may enter the folder
    path = folder / file
    path.write_text(user + text)
    return path


@contextmanager
def serving(config: Path, port: int, **variables: str) -> Iterator[None]:
    """Run nginx with a configuration and further variables until the block ends."""
    command = [nginx() or "nginx", "-p", str(config.parent), "-c", str(config), "-g", "daemon off;"]
    with (config.parent / "nginx.out").open("wb") as out:
        process = subprocess.Popen(
            command,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        _wait(process, port, config.parent / "nginx.out")
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def socket_proxy(
    folder: Path, daemon: str = "/var/run/docker.sock", network: str = "none"
) -> Iterator[str]:
    """Run the proxy before a daemon's socket and give its address, ``tcp://…``.

    Args:
        folder: for its files. daemon: path of the socket. network: of the trainings.
    """
    port = free_port()
    places = {
        "load_module modules/ngx_http_js_module.so": f"load_module {MODULE}",
        "/etc/nginx/docker-socket.js": str(FOLDER / "docker-socket.js"),
        "unix:/var/run/docker.sock": f"unix:{daemon}",
        "listen 2375": f"listen 127.0.0.1:{port}",
    }
    config = configured("docker-socket.conf", folder, places)
    with serving(config, port, TRAINING_NETWORK=network):
        yield f"tcp://127.0.0.1:{port}"


def _wait(process: subprocess.Popen[bytes], port: int, out: Path) -> None:
    end = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    process.kill()
    raise RuntimeError(f"nginx did not start: {out.read_text()}")
