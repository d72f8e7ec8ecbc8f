"""Show what runs here: components, DAGs, runs in progress, champions.

The exit code is 0 if Airflow is up and healthy and the store can be used, else 75.

Example:
  millrace status
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from millrace.errors import ExitCode, MillraceError, TransientError, redact

if TYPE_CHECKING:
    from millrace.orchestration.embedded.installation import Installation
    from millrace.orchestration.rest import AirflowClient


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: none."""


def run(_: argparse.Namespace) -> int:
    """Print the state of the installation."""
    from millrace.cli.console import console
    from millrace.orchestration.embedded.address import client
    from millrace.orchestration.embedded.installation import Installation

    installation = Installation.load()
    console().print(f"Home: {installation.settings.home}")
    if not installation.run.exists():
        console().print("Airflow has never been started here; `millrace up` does it.")
        return ExitCode.RETRY
    usable = _store(installation)
    with client(installation) as airflow:
        healthy = _components(installation, airflow)
        if healthy:
            _airflow(airflow)
    _champions(installation)
    return ExitCode.DONE if healthy and usable else ExitCode.RETRY


def _store(installation: Installation) -> bool:
    """Say where the store is and what it holds, or what is wrong with it."""
    from millrace.artifacts.store import Store
    from millrace.cli.console import console
    from millrace.wording import size

    settings = installation.settings
    store = Store(settings.store, settings.home / "cache", shows=True)
    try:
        store.check()
        held = "`millrace gc` tells how much it holds"  # a remote one takes long to list
        if store.local_root is not None:
            held = size(sum(entry.bytes for entry in store.backend.entries("")))
    except MillraceError as error:
        console().print(f"Store: {error}")
        return False
    console().print(f"Store: {redact(settings.store)}, {held}")
    return True


def _components(installation: Installation, airflow: AirflowClient) -> bool:
    from millrace.cli.console import console
    from millrace.cli.tables import table
    from millrace.orchestration.embedded.components import COMPONENTS
    from millrace.orchestration.embedded.health import is_healthy

    try:
        health = airflow.health()
    except TransientError:
        health = {}
    rows = table("component", "state", "pid", "log")
    states = []
    for one in COMPONENTS:
        process = one.process(installation)
        alive = process is not None and process.alive
        healthy = is_healthy(one, installation, health)
        states.append(healthy)
        state = "healthy" if healthy else "not healthy" if alive else "not running"
        pid = str(process.pid) if process is not None and alive else ""
        rows.add_row(one.name, state, pid, str(one.log(installation)))
    console().print(f"Airflow: {airflow.url}")
    console().print(rows)
    return all(states)


def _airflow(airflow: AirflowClient) -> None:
    from millrace.cli.console import console

    dags = airflow.dags()
    names = [f"{d['dag_id']} (paused)" if d["is_paused"] else str(d["dag_id"]) for d in dags]
    console().print(f"DAGs: {', '.join(sorted(names)) or 'none'}")
    for error in airflow.import_errors():
        console().print(f"{error['filename']} could not be loaded.")
    active = [
        f"{one['dag_id']} {one['dag_run_id']} ({one['state']})" for one in airflow.active_runs()
    ]
    console().print(f"Runs in progress: {', '.join(active) or 'none'}")


def _champions(installation: Installation) -> None:
    from millrace.catalog.catalog import Catalog
    from millrace.cli.console import console
    from millrace.cli.showing.model import columns, figure
    from millrace.cli.tables import table
    from millrace.workflow.loader import spec_files

    try:
        names = [path.stem for path in spec_files(installation.settings.workflows)]
        with Catalog(installation.settings.catalog) as catalog:
            found = [(name, catalog.models.champion(name)) for name in names]
    except MillraceError as error:
        console().print(str(error))
        return
    titles = columns([champion for _, champion in found if champion is not None])
    rows = table("workflow", "champion", *titles.values(), "since")
    for name, champion in found:
        if champion is None:
            rows.add_row(name, "none yet", *("" for _ in titles), "")
            continue
        since = f"{champion.created_at:%Y-%m-%d %H:%M}"
        shown = (figure(champion, metric) for metric in titles)
        rows.add_row(name, f"version {champion.version}", *shown, since)
    console().print(rows)
