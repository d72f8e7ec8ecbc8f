"""The four components of the embedded Airflow: their commands and the order in which they stop.

Each runs in a session of its own, so that stopping one cannot miss a child of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from millrace.orchestration.embedded.installation import Installation
from millrace.orchestration.embedded.process import ManagedProcess


@dataclass(frozen=True)
class Component:
    """One of Airflow's processes.

    Attributes:
        name: also Airflow's name of the command.
        arguments: of the command.
        health: its name in Airflow's health document.
        grace: seconds that it gets to stop by itself.
    """

    name: str
    arguments: tuple[str, ...]
    health: str
    grace: float

    @property
    def command(self) -> list[str]:
        """The command line; ``-P`` keeps the working folder off the import path."""
        return [sys.executable, "-P", "-m", "airflow", self.name, *self.arguments]

    def file(self, installation: Installation) -> Path:
        """Return the file that says which process it is."""
        return installation.run / f"{self.name}.json"

    def log(self, installation: Installation) -> Path:
        """Return the file that it prints into."""
        return installation.logs / f"{self.name}.log"

    def process(self, installation: Installation) -> ManagedProcess | None:
        """Return the process that was started last, dead or alive."""
        return ManagedProcess.read(self.file(installation))

    def runs(self, installation: Installation) -> bool:
        """Whether its process is alive."""
        process = self.process(installation)
        return process is not None and process.alive


# In the order of stopping: a scheduler without its API server could not report the last tasks.
# An idle scheduler needs 2 s. The triggerer always waits 10 s for a child that has nothing to say;
# its triggers live in the database, so cutting that short loses nothing.
COMPONENTS: tuple[Component, ...] = (
    Component("scheduler", ("--skip-serve-logs",), "scheduler", 10.0),
    Component("dag-processor", (), "dag_processor", 5.0),
    Component("triggerer", ("--skip-serve-logs",), "triggerer", 1.0),
    Component("api-server", (), "metadatabase", 5.0),
)


def component(name: str) -> Component:
    """Return the component of this name."""
    return next(one for one in COMPONENTS if one.name == name)


def processes(installation: Installation) -> Iterator[ManagedProcess]:
    """Yield the known process of every component, dead or alive."""
    for one in COMPONENTS:
        process = one.process(installation)
        if process is not None:
            yield process
