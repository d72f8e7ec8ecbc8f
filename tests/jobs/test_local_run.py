"""A local run of a workflow that belongs elsewhere."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

import tiny_workflow
from millrace.catalog.catalog import Catalog
from millrace.errors import DataError
from millrace.jobs import local_run
from millrace.settings import Settings


def test_it_warns_that_it_launches_no_pods(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(run: object) -> None:
        raise DataError("enough")

    monkeypatch.setattr(local_run, "STEPS", {"discover": fail})
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path))
    monkeypatch.setenv("MILLRACE_RUNTIME", "kubernetes")
    home.mkdir()
    with Catalog(Settings.load().catalog) as catalog:
        catalog.migrate()
    (tmp_path / "tiny.yaml").write_text(tiny_workflow.SPEC)
    with caplog.at_level(logging.WARNING), pytest.raises(DataError, match="enough"):
        local_run.run_workflow("tiny", {})
    assert "Pods are launched by Airflow only: train runs on this machine" in caplog.text
