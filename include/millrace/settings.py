"""What an installation decides: where the store, the catalog and the workflows are.

Read from the environment once, frozen. Nothing here changes the result of a stage, so nothing here
is ever part of a key. How long what is kept (``MILLRACE_KEEP_RUNS``, ``MILLRACE_KEEP_DAYS``,
``MILLRACE_KEEP_VERSIONS``, ``MILLRACE_KEEP_CACHE``, ``MILLRACE_GC_GRACE``) only garbage collection
reads: `millrace.jobs.retention`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from millrace.errors import SpecError

RuntimeName = Literal["local", "docker", "kubernetes"]
"""A process of the machine that runs the task, a Docker container, or a Kubernetes pod."""


@dataclass(frozen=True)
class Settings:
    """The installation's settings, each from one environment variable.

    Attributes:
        project: the checkout that holds `dags/`, `include/` (``MILLRACE_PROJECT``).
        home: local state of this installation (``MILLRACE_HOME``, default ``<project>/.millrace``).
        store: URI of the artifact store (``MILLRACE_STORE``, default ``<home>/store``).
        catalog: SQLAlchemy URL of the catalog (``MILLRACE_CATALOG``, default SQLite in `home`).
        predictions: SQLAlchemy URL of the database with the prediction tables
            (``MILLRACE_PREDICTIONS``, default SQLite in `home`, apart from the catalog).
        workflows: folder of the workflow specs (``MILLRACE_WORKFLOWS``).
        runtime: where training runs (``MILLRACE_RUNTIME``, default ``local``).
        notify: who is told of what: a list in YAML or JSON, or the path of a file that holds one
            (``MILLRACE_NOTIFY``, default nobody).
        tracking: URI of an MLflow tracking server or store (``MLFLOW_TRACKING_URI``, default none).
    """

    project: Path
    home: Path
    store: str
    catalog: str
    predictions: str
    workflows: Path
    runtime: RuntimeName
    notify: str = ""
    tracking: str = ""

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; raise `SpecError` for a value that cannot be used."""
        env = os.environ if environment is None else environment
        project = Path(env.get("MILLRACE_PROJECT") or _checkout()).absolute()
        home = Path(env.get("MILLRACE_HOME") or project / ".millrace").absolute()
        runtime = env.get("MILLRACE_RUNTIME") or "local"
        if runtime not in get_args(RuntimeName):
            raise SpecError(
                "unknown runtime",
                where="MILLRACE_RUNTIME",
                expected=" or ".join(get_args(RuntimeName)),
                received=runtime,
            )
        return cls(
            project=project,
            home=home,
            store=env.get("MILLRACE_STORE") or (home / "store").as_uri(),
            catalog=env.get("MILLRACE_CATALOG") or f"sqlite:///{home / 'catalog.db'}",
            predictions=env.get("MILLRACE_PREDICTIONS") or f"sqlite:///{home / 'predictions.db'}",
            workflows=Path(
                env.get("MILLRACE_WORKFLOWS") or project / "include" / "workflows"
            ).absolute(),
            runtime=cast(RuntimeName, runtime),
            notify=env.get("MILLRACE_NOTIFY", "").strip(),
            tracking=env.get("MLFLOW_TRACKING_URI", "").strip(),
        )


def _checkout() -> Path:
    """Return the folder that holds `include/millrace`, this package's own place."""
    return Path(__file__).resolve().parents[2]
