"""`choose_port`: a TCP port on loopback that the API server can have.

A default may give way to the next free port; a port that a person asked for may not.
"""

from __future__ import annotations

import socket

from millrace.errors import SpecError

_LOOPBACK = "127.0.0.1"
_TRIES = 50  # ports after the preferred one


def choose_port(asked: int | None, preferred: int) -> int:
    """Return the port to bind.

    Args:
        asked: the port that a person insists on, or None.
        preferred: where to start looking without one.

    Raises:
        SpecError: the port that was asked for is taken, or no port is free.
    """
    if asked is not None:
        if is_free(asked):
            return asked
        raise SpecError(
            "the port is taken by another program",
            where=f"port {asked}",
            remedy="Set MILLRACE_PORT to a free one, or unset it to have one chosen.",
        )
    for port in range(preferred, min(preferred + _TRIES, 65_536)):
        if is_free(port):
            return port
    raise SpecError(
        "no port is free",
        where=f"ports {preferred} to {preferred + _TRIES - 1}",
        remedy="Set MILLRACE_PORT to a free one.",
    )


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of loopback now."""
    return _can_bind(port) and not _answers(port)


def _can_bind(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OSError:
            return False
        return True


def _answers(port: int) -> bool:
    """Whether something listens already: macOS lets two share a port, one of them on all hosts."""
    try:
        with socket.create_connection((_LOOPBACK, port), timeout=0.5):
            return True
    except OSError:
        return False
