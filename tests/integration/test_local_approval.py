"""A person is asked without Airflow: the run ends, and goes on with the answer."""

from __future__ import annotations

from pathlib import Path

import pytest

import tiny_workflow
from millrace.catalog.catalog import Catalog
from millrace.cli import main
from millrace.jobs.local_run import run_workflow
from millrace.settings import Settings

pytestmark = pytest.mark.tensorflow

ASKING = tiny_workflow.SPEC.replace("accuracy: 0.5", "accuracy: 0.5, approval: required")


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "tiny.yaml").write_text(ASKING)
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path / "workflows"))
    opened = Catalog(Settings.load().catalog)
    opened.migrate()
    return opened


def test_an_approved_run_goes_on_here_to_its_predictions(
    catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = run_workflow("tiny", {"limit": 300})
    assert outcome["decision"] == "pending"
    assert catalog.models.champion("tiny") is None
    assert main(["show", "run", "1"]) == 0
    assert "waits for a person: `millrace approve 1`" in capsys.readouterr().out
    assert main(["approve", "1", "--because", "agreed"]) == 0
    (made,) = catalog.models.promotions("tiny")
    assert (made.decision, made.term) == ("promoted", 1)
    assert made.approver
    assert catalog.batches.latest()[0].rows > 0
    assert catalog.runs.get(1).state == "done"
    assert main(["approve", "1"]) == 64  # it has its decision
