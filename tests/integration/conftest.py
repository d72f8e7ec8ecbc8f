"""A small workflow on real digits, run once without Airflow and looked at by many tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import tiny_workflow
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.jobs.local_run import run_workflow
from millrace.settings import Settings


@dataclass(frozen=True)
class Installed:
    """An installation with the workflow `tiny`."""

    home: Path
    workflows: Path
    settings: Settings

    @property
    def store(self) -> Store:
        return Store(self.settings.store)

    @property
    def catalog(self) -> Catalog:
        return Catalog(self.settings.catalog)

    def run(self, **conf: Any) -> dict[str, Any]:
        return run_workflow("tiny", {"limit": 500, **conf})

    def states(self) -> dict[str, list[str]]:
        """States of the newest run's executions, by stage."""
        run = self.catalog.runs.latest()[0]
        found: dict[str, list[str]] = {}
        for execution in self.catalog.executions.of_run(run.id):
            found.setdefault(execution.stage, []).append(execution.state)
        return found


def install(folder: Path, patch: pytest.MonkeyPatch) -> Installed:
    workflows = folder / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "tiny.yaml").write_text(tiny_workflow.SPEC)
    patch.setenv("MILLRACE_HOME", str(folder / "home"))
    patch.setenv("MILLRACE_WORKFLOWS", str(workflows))
    settings = Settings.load()
    Catalog(settings.catalog).migrate()
    return Installed(folder / "home", workflows, settings)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """An installation in which `tiny` has run once."""
    with pytest.MonkeyPatch.context() as patch:
        made = install(tmp_path_factory.mktemp("installed"), patch)
        outcome = made.run()
        assert outcome["decision"] == "promoted"
        yield made
