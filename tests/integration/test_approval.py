"""A person is asked before a promotion, against a real scheduler: by REST, as a user who may."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

import tiny_workflow
from real_airflow import Running, started

pytestmark = [pytest.mark.scheduler, pytest.mark.tensorflow]

ASKED = "approval: {users: [admin], timeout_hours: 24}"
SPEC = tiny_workflow.SPEC.replace("partition_rows: 250", "partition_rows: 900").replace(
    "gate: {accuracy: 0.5}", f"gate: {{accuracy: 0.5, overall_drop: 1, slice_drop: 1, {ASKED}}}"
)  # whoever passes the gate would replace the champion


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("approval"), {"tiny": SPEC}, {}) as running:
        yield running


def path(run_id: str) -> str:
    return f"/dags/tiny/dagRuns/{run_id}/taskInstances/approve/-1/hitlDetails"


def asked(running: Running, run_id: str, seconds: float = 400) -> Any:
    """Wait until the run asks; return the question."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if running.states("tiny", run_id).get("approve -1") == "awaiting_input":
            return running.client._call("GET", path(run_id)).json()
        if running.client.run("tiny", run_id)["state"] in {"success", "failed"}:
            break  # without a question
        time.sleep(0.5)
    raise AssertionError(f"{running.states('tiny', run_id)} {running.errors(run_id)}")


def decide(running: Running, run_id: str, option: str, note: str) -> None:
    body = {"chosen_options": [option], "params_input": {"note": note}}
    running.client._call("PATCH", path(run_id), body)
    assert running.wait("tiny", run_id) == "success", running.errors(run_id)


def test_promotion_waits_for_a_person_and_the_history_says_who_it_was(airflow: Running) -> None:
    airflow.client.trigger("tiny", {"limit": 500}, "first")
    question = asked(airflow, "first")
    assert question["subject"] == "Make version 1 of tiny champion, the first one?"
    assert "| Accuracy |" in question["body"]
    assert "/millrace/runs?dag_id=tiny&run_id=first" in question["body"]
    assert [user["id"] for user in question["assigned_users"]] == ["admin"]
    with airflow.catalog as catalog:
        assert catalog.models.champion("tiny") is None
    decide(airflow, "first", "Approve", "agreed")
    with airflow.catalog as catalog:
        (made,) = catalog.models.promotions("tiny")
        assert (made.decision, made.approver, made.term) == ("promoted", "admin", 1)
        assert made.approved_at is not None
        assert "approved by admin: agreed" in made.reason
        assert catalog.batches.latest()[0].model_version == 1


def test_a_rejection_keeps_the_champion_and_is_asked_about_once(airflow: Running) -> None:
    airflow.client.trigger("tiny", {"seed": 3}, "second")  # with a limit it were a trial
    assert "instead of version 1?" in asked(airflow, "second")["subject"]
    decide(airflow, "second", "Reject", "too few")
    airflow.clear("tiny", "second")
    time.sleep(1)
    assert airflow.wait("tiny", "second") == "success", airflow.errors("second")
    with airflow.catalog as catalog:
        made = catalog.models.promotions("tiny")
        assert [one.decision for one in made] == ["promoted", "rejected"]
        assert (made[-1].approver, made[-1].reason) == ("admin", "rejected by admin: too few")
        champion = catalog.models.champion("tiny")
        assert champion is not None
        assert champion.version == 1
        assert catalog.runs.latest()[0].state == "done"
