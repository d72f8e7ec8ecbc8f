"""`Installation`: where the embedded Airflow keeps its state, and the few things a person may set.

Everything lies under `Settings.home`, so that removing that folder removes the installation.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from millrace.errors import SpecError
from millrace.orchestration.embedded.metadata import VARIABLE, Metadata
from millrace.settings import Settings

DEFAULT_PORT = 8080
USER = "admin"


@dataclass(frozen=True)
class Installation:
    """One embedded Airflow.

    Attributes:
        settings: the settings of Millrace itself.
        dags: folder of the DAG files (``MILLRACE_DAGS``, default ``<project>/dags``).
        plugins: folder of the Airflow plugins (``MILLRACE_PLUGINS``, default
            ``<project>/plugins``).
        port: TCP port that the person insists on (``MILLRACE_PORT``), or None for the default one,
            else the next free one.
        gpu_slots: training jobs that may use a GPU at once (``MILLRACE_GPU_SLOTS``), the size of
            Airflow's pool `gpu`.
        airflow_database: SQLAlchemy URL of Airflow's own database
            (``MILLRACE_AIRFLOW_DATABASE``), or None for SQLite in the home.
    """

    settings: Settings
    dags: Path
    plugins: Path
    port: int | None = None
    gpu_slots: int = 1
    airflow_database: str | None = None

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Installation:
        """Read the installation's settings; raise `SpecError` for a value that cannot be used."""
        env = os.environ if environment is None else environment
        settings = Settings.load(env)
        project = settings.project
        port = env.get("MILLRACE_PORT")
        return cls(
            settings=settings,
            dags=Path(env.get("MILLRACE_DAGS") or project / "dags").absolute(),
            plugins=Path(env.get("MILLRACE_PLUGINS") or project / "plugins").absolute(),
            port=_whole("MILLRACE_PORT", port, 1, 65_535) if port else None,
            gpu_slots=_whole("MILLRACE_GPU_SLOTS", env.get("MILLRACE_GPU_SLOTS") or "1", 1, 1_024),
            airflow_database=env.get(VARIABLE) or None,
        )

    @property
    def airflow_home(self) -> Path:
        """Airflow's own folder: its database (or a server has it), its secrets, the task logs."""
        return self.settings.home / "airflow"

    @property
    def metadata(self) -> Metadata:
        """Airflow's own database; raises `SpecError` for a URL that cannot be used."""
        return Metadata.at(self.airflow_database, self.airflow_home)

    @property
    def logs(self) -> Path:
        """What the four components print."""
        return self.settings.home / "logs"

    @property
    def run(self) -> Path:
        """Which processes run, and on which port."""
        return self.settings.home / "run"

    @property
    def password_file(self) -> Path:
        """The passwords of Airflow's users, readable by the owner only."""
        return self.settings.home / "passwords.json"

    def prepare(self) -> None:
        """Make the folders; the home belongs to its owner alone, since it holds secrets.

        Raises:
            SpecError: a folder cannot be made.
        """
        try:
            self.settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            for folder in (self.airflow_home, self.logs, self.run):
                folder.mkdir(exist_ok=True, mode=0o700)
            (self.airflow_home / "config").mkdir(exist_ok=True)
            self.dags.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SpecError(
                "the folder of this installation cannot be written",
                where=self.settings.home,
                received=error,
                remedy="Set MILLRACE_HOME to a folder of your own.",
            ) from error


def _whole(name: str, text: str, lowest: int, highest: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = lowest - 1
    if not lowest <= value <= highest:
        raise SpecError(
            "not a usable number",
            where=name,
            expected=f"a whole number from {lowest:,} to {highest:,}",
            received=text,
        )
    return value
