"""`millrace approve` and `millrace reject`: who may, what they say, and what goes on where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tiny_workflow
from fake_airflow import FakeAirflow
from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.catalog import Catalog
from millrace.settings import Settings
from millrace.workflow.loader import load_file

DETAIL = "/api/v2/dags/tiny/dagRuns/r2/taskInstances/approve/-1/hitlDetails"


@pytest.fixture
def ask(home: Path, tmp_path: Path) -> Callable[..., None]:
    """Let a run in Airflow ask about version 1 of `tiny`."""

    def make(approval: str = "required") -> None:
        path = tmp_path / "tiny.yaml"
        gate = f"gate: {{accuracy: 0.5, approval: {approval}}}"
        path.write_text(tiny_workflow.SPEC.replace("gate: {accuracy: 0.5}", gate))
        spec = load_file(path).model_dump(mode="json")
        with Catalog(Settings.load().catalog) as catalog:
            catalog.migrate()
            run = catalog.runs.start("r2", "tiny", "tiny", spec, "0", {}, "manual", "0")
            bundle = ArtifactRef("bundle", "ab" * 32, "cd" * 32, "file:///x", 1, 1)
            catalog.models.register("tiny", bundle, run.id, {})
            catalog.approvals.ask("tiny", run.id, 1, None, {})

    home.mkdir(exist_ok=True)
    return make


def test_without_a_run_it_lists_what_waits(millrace: Any, ask: Any) -> None:
    ask()
    code, out, _ = millrace("approve")
    assert code == 0
    assert "tiny" in out


def test_an_answer_wakes_the_run_in_airflow(millrace: Any, ask: Any, airflow: FakeAirflow) -> None:
    ask()
    airflow.answers["PATCH", DETAIL] = (200, {})
    code, out, _ = millrace("reject", "1", "--because", "too few")
    assert code == 0
    assert "rejected by" in out
    body = {"chosen_options": ["Reject"], "params_input": {}}
    assert airflow.requests[-1] == ("PATCH", DETAIL, body)
    with Catalog(Settings.load().catalog) as catalog:
        (asked,) = catalog.approvals.of_run(1)
    assert (asked.approved, asked.note) == (False, "too few")


def test_a_run_of_an_airflow_elsewhere_is_answered_there(millrace: Any, ask: Any) -> None:
    ask()
    code, _, err = millrace("approve", "1")
    assert code == 64
    assert "Required Actions" in err
    with Catalog(Settings.load().catalog) as catalog:
        (asked,) = catalog.approvals.of_run(1)
    assert asked.approved is None


def test_only_those_whom_the_workflow_names_may_answer(millrace: Any, ask: Any) -> None:
    ask("{users: [nobody-else]}")
    code, _, err = millrace("approve", "1")
    assert code == 64
    assert "not yours to answer" in err
    assert "nobody-else" in err


def test_a_run_that_asked_nobody_is_said_to_have_asked_nobody(millrace: Any, history: Any) -> None:
    code, _, err = millrace("approve", "1")
    assert code == 64
    assert "asked nobody" in err


def test_a_decision_is_not_taken_twice(millrace: Any, ask: Any) -> None:
    ask()
    with Catalog(Settings.load().catalog) as catalog:
        given = catalog.approvals.answer(1, 1, approved=False, approver="anna")
        catalog.models.decide("tiny", 1, "rejected", "no", "gate", 1, None, given)
    code, _, err = millrace("approve", "1")
    assert code == 64
    assert "version 1 rejected by anna" in err
    shown = millrace("show", "model", "tiny")[1]
    assert "rejected, answered by anna at " in shown


def test_an_unknown_run_says_how_to_find_it(millrace: Any, ask: Any) -> None:
    ask()
    code, _, err = millrace("approve", "r9")
    assert code == 64
    assert "lists what waits" in err


def test_the_opposite_of_the_answer_that_stands_is_refused_and_the_same_goes_on(
    millrace: Any, ask: Any, airflow: FakeAirflow
) -> None:
    ask()
    airflow.answers["PATCH", DETAIL] = (200, {})
    assert millrace("reject", "1")[0] == 0
    sent = len(airflow.requests)
    code, _, err = millrace("approve", "1")
    assert code == 64
    assert "version 1 rejected by" in err
    assert len(airflow.requests) == sent
    assert millrace("reject", "1")[0] == 0
