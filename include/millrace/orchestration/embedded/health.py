"""`wait_until_healthy`: all four components answer, and none died on the way.

Airflow calls a component healthy by its last heartbeat, even that of a process before this one, so
a heartbeat counts here only if it is younger than the process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from millrace.errors import TransientError
from millrace.orchestration.embedded.components import COMPONENTS, Component, component
from millrace.orchestration.embedded.installation import Installation
from millrace.orchestration.embedded.tail import tail
from millrace.orchestration.rest import AirflowClient

_POLL = 0.25  # seconds


def wait_until_healthy(
    installation: Installation,
    client: AirflowClient,
    seconds: float,
    report: Callable[[str], None],
    components: Sequence[Component] = COMPONENTS,
) -> None:
    """Wait until these components are healthy.

    Args:
        installation: whose components were started.
        client: of its API server.
        seconds: to wait at most.
        report: told when a component becomes healthy, and the last lines of one that died.
        components: that were started.

    Raises:
        TransientError: a component died or stayed silent; names its log.
    """
    end = time.monotonic() + seconds
    waiting = list(components)
    while waiting:
        _refuse_the_dead(installation, report)
        health = _health(client)
        ready = [one for one in waiting if is_healthy(one, installation, health)]
        waiting = [one for one in waiting if one not in ready]
        for one in ready:
            report(f"{one.name} is ready")
        if waiting and time.monotonic() > end:
            raise _silent(installation, waiting, seconds)
        time.sleep(_POLL if waiting else 0)


def hung(installation: Installation, client: AirflowClient, seconds: float) -> list[Component]:
    """Return the components that are alive, yet stay unhealthy for so long.

    A server that does not answer is one of them; what the others do, only it could say.

    Args:
        installation: of which every component is alive.
        client: of its API server, with a short timeout.
        seconds: after which silence is no longer taken for a delay.
    """
    end = time.monotonic() + seconds
    while True:
        health = _health(client)
        asked = COMPONENTS if health else [component("api-server")]
        silent = [one for one in asked if not is_healthy(one, installation, health)]
        if not silent or time.monotonic() > end:
            return silent
        time.sleep(_POLL)


def is_healthy(one: Component, installation: Installation, health: dict[str, Any]) -> bool:
    """Whether `health`, the server's document, speaks well of its present process."""
    entry = health.get(one.health) or {}
    process = one.process(installation)
    if entry.get("status") != "healthy" or process is None or not process.alive:
        return False
    beat = entry.get(f"latest_{one.health}_heartbeat")
    return beat is None or datetime.fromisoformat(beat).timestamp() >= process.started


def _health(client: AirflowClient) -> dict[str, Any]:
    try:
        return client.health()
    except TransientError:
        return {}


def _refuse_the_dead(installation: Installation, report: Callable[[str], None]) -> None:
    for one in COMPONENTS:
        if one.runs(installation):
            continue
        log = one.log(installation)
        report(f"the last lines of {log}:\n{tail(log, 15)}")
        raise TransientError(
            f"the {one.name} stopped while it was starting",
            where=log,
            received=tail(log, 1),
            remedy="Mend what the log says, then run `millrace up` again.",
        )


def _silent(
    installation: Installation, waiting: Iterable[Component], seconds: float
) -> TransientError:
    names = ", ".join(one.name for one in waiting)
    return TransientError(
        f"not healthy after {seconds:.0f} s: {names}",
        where=Path(installation.logs),
        remedy="Is the machine very busy? Read the logs, then run `millrace up` again.",
    )
