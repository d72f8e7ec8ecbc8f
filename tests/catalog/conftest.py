"""Catalogs for the contract tests: each test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.catalog import Catalog
from millrace.catalog.records import RunRecord

Start = Callable[..., RunRecord]
Refer = Callable[..., ArtifactRef]


@pytest.fixture
def catalog(url: str) -> Iterator[Catalog]:
    with Catalog(url) as opened:
        opened.migrate()
        yield opened


@pytest.fixture
def start(catalog: Catalog) -> Start:
    """Start a run; any argument of `Runs.start` can be given."""

    def start_run(run_id: str = "manual__1", workflow: str = "digits", **more: object) -> RunRecord:
        arguments = {
            "dag_id": workflow,
            "spec": {"name": workflow},
            "spec_digest": "5" * 64,
            "params": {"epochs": 2},
            "trigger": "manual",
            "version": "0.1.0",
        }
        return catalog.runs.start(run_id, workflow, **(arguments | more))

    return start_run


@pytest.fixture
def refer() -> Refer:
    """Make a reference whose key and digest follow from one word."""

    def make(word: str, kind: str = "records") -> ArtifactRef:
        return ArtifactRef(kind, f"key-{word}", f"digest-{word}", f"file:///store/{word}", 3, 400)

    return make
