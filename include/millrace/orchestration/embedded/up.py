"""`up`: bring the embedded Airflow into the state "running", whatever state it is in.

Running already: nothing is touched. Half dead (a component died or hangs, the machine was
restarted, a file is stale): what is dead is cleared away and started, what lives stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.errors import MillraceError
from millrace.orchestration.embedded import address, preload
from millrace.orchestration.embedded.components import (
    COMPONENTS,
    Component,
    component,
    processes,
)
from millrace.orchestration.embedded.dagfiles import Parsed, wait_until_parsed
from millrace.orchestration.embedded.database import migrate
from millrace.orchestration.embedded.down import stop_all
from millrace.orchestration.embedded.health import hung, wait_until_healthy
from millrace.orchestration.embedded.installation import DEFAULT_PORT, Installation
from millrace.orchestration.embedded.lock import lock
from millrace.orchestration.embedded.options import environment
from millrace.orchestration.embedded.password import password
from millrace.orchestration.embedded.preflight import preflight
from millrace.orchestration.embedded.process import ManagedProcess, kill, marked
from millrace.orchestration.embedded.sweep import sweep
from millrace.orchestration.notices_check import check_notices

HEALTHY_SECONDS = 180.0  # the first start compiles every module, on a slow disk
PARSED_SECONDS = 60.0
HUNG_SECONDS = 20.0  # a component that is alive but silent for longer hangs

Report = Callable[[str], None]


@dataclass(frozen=True)
class Running:
    """The installation after `up`.

    Attributes:
        url: of the user interface and of the REST API.
        parsed: what became of the DAG files.
        started: names of the components that had to be started; empty: it was up already.
    """

    url: str
    parsed: Parsed
    started: tuple[str, ...]


def up(installation: Installation, report: Report) -> Running:
    """Make Airflow run, healthy, with its pools and DAGs.

    Args:
        installation: which one.
        report: told in short sentences what happens.

    Raises:
        SpecError: a setting, a version, a port or the store cannot be used.
        TransientError: no room, a server does not answer, or a component does not come up; names
            its log.
    """
    preflight(installation.settings.home)
    check_notices(installation.settings)
    installation.prepare()
    Store(installation.settings.store, installation.settings.home / "cache").check()
    with lock(installation.run / "lock"):
        started = _revive(installation, report)
        _explain_port(installation, report)
        parser = component("dag-processor").process(installation)
        began = 0.0 if parser is None else parser.started
        with address.client(installation) as client:
            client.warm_up()
            client.ensure_pool("gpu", installation.gpu_slots, "Training jobs that use a GPU.")
            parsed = wait_until_parsed(client, installation.dags, began, PARSED_SECONDS)
            return Running(client.url, parsed, started)


def _revive(installation: Installation, report: Report) -> tuple[str, ...]:
    """Start what is dead, then what hangs; return the names, in the order of `COMPONENTS`.

    Twice: only a server that answers can say which of the others hang.
    """
    started: set[str] = set()
    for _ in range(2):
        broken = _broken(installation, report)
        if broken:
            _start(installation, broken, report)
            started.update(one.name for one in broken)
    return tuple(one.name for one in COMPONENTS if one.name in started)


def _broken(installation: Installation, report: Report) -> list[Component]:
    """Return the components that are dead, or, where none is, those that hang."""
    dead = [one for one in COMPONENTS if not one.runs(installation)]
    if dead:
        return dead
    with address.client(installation, timeout=HUNG_SECONDS) as client:
        found = hung(installation, client, HUNG_SECONDS)
    for one in found:
        report(f"the {one.name} runs but has not answered for {HUNG_SECONDS:.0f} s")
    return found


def _explain_port(installation: Installation, report: Report) -> None:
    """Say that a running installation does not move to the port that is wished for now."""
    port = address.known_port(installation)
    if installation.port not in (None, port):
        report(
            f"it runs on port {port}, not on {installation.port} as MILLRACE_PORT says: "
            "`millrace down` and `millrace up` move it"
        )


def _start(installation: Installation, dead: list[Component], report: Report) -> None:
    """Start the components that do not work; on failure stop what was started."""
    whole = len(dead) == len(COMPONENTS)
    _clear_away(installation, dead, report)
    if whole:  # otherwise a task may still write there
        sweep(installation.settings.home / "scratch")
    env = environment(installation, _port(installation, whole, report))
    _prepare(installation, env, report)
    report("starting " + ", ".join(one.name for one in dead))
    try:
        for one in reversed(dead):  # the API server first: the others report to it
            _launch(installation, one, env)
        with address.client(installation) as client:
            wait_until_healthy(installation, client, HEALTHY_SECONDS, report, dead)
    except (MillraceError, KeyboardInterrupt):
        stop_all(installation, COMPONENTS if whole else dead)
        raise


def _clear_away(installation: Installation, dead: list[Component], report: Report) -> None:
    """Kill what the dead components left: workers, task children, half-started processes."""
    names = [one.name for one in dead]
    stale = [process for process in processes(installation) if process.name in names]
    left = [member for process in stale for member in process.members()]
    count = kill([*left, *marked(installation.settings.home, names)])
    if count:
        report(f"cleared away {count} processes of components that died or hang")
    for one in dead:
        one.file(installation).unlink(missing_ok=True)


def _port(installation: Installation, whole: bool, report: Report) -> int:
    """Return the port: that of the components that live, else a free one."""
    known = address.known_port(installation)
    if known is not None and not whole:
        return known
    port = address.new_port(installation)
    wanted = known or DEFAULT_PORT
    if installation.port is None and port != wanted:
        report(f"port {wanted} is taken by another program: using port {port}")
    return port


def _prepare(installation: Installation, env: dict[str, str], report: Report) -> None:
    password(installation.password_file)
    settings_file = installation.airflow_home / "config" / "airflow_local_settings.py"
    settings_file.write_text(preload.SETTINGS_FILE, encoding="utf-8")
    report("preparing the databases")
    with Catalog(installation.settings.catalog) as catalog:
        catalog.migrate()
    migrate(installation, env)


def _launch(installation: Installation, one: Component, env: dict[str, str]) -> None:
    folder = installation.settings.project
    process = ManagedProcess.start(one.name, one.command, env, folder, one.log(installation))
    process.write(one.file(installation))
