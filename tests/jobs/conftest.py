"""A stage of the tests' own, and an executor in a temporary home."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.jobs import stages
from millrace.jobs.code import forget
from millrace.jobs.execute import Executor
from millrace.jobs.stages import Stage

STAGE = """
from collections import Counter
from pathlib import Path
from millrace.workflow.stage import Counts, StageResult

def run(context):
    log = Path(context.locations["log"])
    log.write_text(log.read_text() + "x" if log.exists() else "x")
    for text in context.inputs.get("text", ()):
        text.path("out.txt")
    if context.params.get("error"):
        raise context.params_error
    (context.output / "out.txt").write_text(str(context.params["value"]))
    context.report({"epoch": 1, "epochs": 1})
    lost = context.params.get("lost", 0)
    return StageResult("text", 2, {"value": context.params["value"]},
                       Counts(2 + lost, 1, 1), {"size": 1.5})
"""


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stage `sample`; return its source file, to change it."""
    path = tmp_path / "code" / "sample_stage.py"
    path.parent.mkdir()
    path.write_text(STAGE)
    monkeypatch.syspath_prepend(path.parent)
    forget()
    monkeypatch.delitem(__import__("sys").modules, "sample_stage", raising=False)
    monkeypatch.setattr(
        stages, "STAGES", {**stages.STAGES, "sample": Stage("sample", "sample_stage", ("numpy",))}
    )
    return path


@pytest.fixture
def executor_in(tmp_path: Path) -> Callable[..., Executor]:
    """Make executors of one installation, each of a run of its own."""
    catalog = Catalog(f"sqlite:///{tmp_path / 'catalog.db'}")
    catalog.migrate()
    numbers = iter(range(1000))

    def make(**options: object) -> Executor:
        record = catalog.runs.start(
            run_id=f"run {next(numbers)}",
            workflow="w",
            dag_id="w",
            spec={},
            spec_digest="0",
            params={},
            trigger="manual",
            version="0",
        )
        store = Store((tmp_path / "store").as_uri())
        return Executor(store, catalog, tmp_path / "home", "w", record.id, **options)  # type: ignore[arg-type]

    return make
