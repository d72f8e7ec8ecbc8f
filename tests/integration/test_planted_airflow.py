"""People who are planted into scans and mails are not found in what Airflow keeps of their runs."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

import planted
from millrace.artifacts.sealing.master_keys import new_key
from real_airflow import started

pytestmark = [pytest.mark.scheduler, pytest.mark.tensorflow]


def test_metadata_xcoms_and_task_logs_hold_no_trace_of_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs = planted.plant(tmp_path / "in")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    folder = tmp_path / "airflow"
    folder.mkdir()
    variables = {
        "TMPDIR": str(tmp_path / "tmp"),
        "MILLRACE_PRIVACY_KEY": planted.KEY,
        "MILLRACE_MASTER_KEY": new_key(),
        "MILLRACE_RESTRICTED_STORE": (tmp_path / "restricted").as_uri(),
    }
    with started(folder, specs, variables) as airflow:
        for name in specs:
            assert airflow.run(name, "first", {}) == "success", airflow.errors("first")
        (tmp_path / "in" / "labels.csv").write_text("file,Etikettowski\nZweifelstein,spot\n")
        (tmp_path / "in" / "notes.csv").write_text("Spaltenbert;x\n")
        for name in specs:
            assert airflow.run(name, "second", {}) == "failed"
        airflow.settle()
        logs = [*folder.rglob("*.log")]
        assert any("run_id=first" in str(path) for path in logs)
        apart = [tmp_path / "in", tmp_path / "restricted"]
        assert planted.remains([tmp_path], apart) == {}
