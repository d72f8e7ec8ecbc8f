"""Keys from Airflow's connections reach the environment of a task that needs them, and no other."""

from __future__ import annotations

import os
from typing import Any

import pytest
import yaml

import tiny_workflow
from millrace.orchestration.key_connections import provide_keys
from millrace.workflow.spec import WorkflowSpec
from millrace.workflow.tasks import parse

pytestmark = pytest.mark.airflow
NAMES = ("MILLRACE_MASTER_KEY", "MILLRACE_PRIVACY_KEY")


def spec(**more: Any) -> WorkflowSpec:
    return parse({**yaml.safe_load(tiny_workflow.SPEC), **more})


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections as Airflow takes them from the environment."""
    monkeypatch.setenv(
        "AIRFLOW_CONN_MILLRACE_MASTER_KEY", '{"conn_type": "generic", "password": "m"}'
    )
    monkeypatch.setenv("AIRFLOW_CONN_MILLRACE_PRIVACY", '{"conn_type": "generic", "password": "p"}')
    for name in NAMES:
        monkeypatch.setenv(name, "")


def given() -> list[str]:
    return [os.environ[name] for name in NAMES]


def test_a_workflow_gets_the_keys_that_it_needs() -> None:
    provide_keys(spec())
    assert given() == ["", ""]
    provide_keys(spec(encryption=True))
    assert given() == ["m", ""]
    provide_keys(spec(privacy={"input": "identified"}))
    assert given() == ["m", "p"]


def test_originals_need_the_master_key_and_sources_of_a_run_the_key_of_pseudonyms() -> None:
    scans = {"sources": [{"name": "new", "kind": "dicom", "uri": "/in"}]}
    provide_keys(spec(), scans)
    assert given() == ["", "p"]
    provide_keys(spec(privacy={"originals": "restricted"}), scans)
    assert given() == ["m", "p"]


def test_whoever_leaves_people_out_needs_the_key_of_pseudonyms() -> None:
    provide_keys(spec(), forgets=True)
    assert given() == ["", "p"]


def test_what_the_environment_says_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_MASTER_KEY", "mine")
    monkeypatch.setenv("MILLRACE_PRIVACY_KEY_FILE", "/a/file")
    provide_keys(spec(encryption=True, privacy={"input": "identified"}))
    assert given() == ["mine", ""]


def test_without_a_connection_whoever_needs_the_key_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_MILLRACE_MASTER_KEY")
    provide_keys(spec(encryption=True))
    assert given() == ["", ""]
