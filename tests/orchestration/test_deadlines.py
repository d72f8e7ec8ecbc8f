"""Deadlines from the setting: only for who has one, and never at the price of a DAG."""

from __future__ import annotations

import json
from typing import Any

import pytest

from millrace.orchestration.deadlines import deadlines_of

pytestmark = pytest.mark.airflow


def set_rules(patch: pytest.MonkeyPatch, *limits: float, workflows: tuple[str, ...] = ()) -> None:
    rules: list[dict[str, Any]] = [
        {
            "notifier": "file_notifier.FileNotifier",
            "events": ["late_run"],
            "late_after": limit,
            "workflows": workflows,
        }
        for limit in limits
    ]
    patch.setenv("MILLRACE_NOTIFY", json.dumps(rules))


def test_a_workflow_has_a_deadline_for_each_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    set_rules(monkeypatch, 60, 5, 60)
    found = [alert.interval.total_seconds() for alert in deadlines_of("tiny")]
    assert found == [5, 60]


def test_a_deadline_of_one_workflow_is_not_anothers(monkeypatch: pytest.MonkeyPatch) -> None:
    set_rules(monkeypatch, 5, workflows=("digits",))
    assert len(deadlines_of("digits")) == 1
    assert deadlines_of("tiny") == []


def test_a_wrong_setting_gives_a_warning_and_no_deadline(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFY", "[{]")
    assert deadlines_of("tiny") == []
    assert "No run will be called late" in caplog.text
