"""Corrections: the latest of a source is in force, and an empty one withdraws."""

from __future__ import annotations

from typing import Any

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.catalog import Catalog


def ref(key: str) -> ArtifactRef:
    return ArtifactRef("corrections", key, key, f"file:///{key}", 1, 10)


def opened(url: str) -> Catalog:
    catalog = Catalog(url)
    catalog.migrate()
    return catalog


def test_the_latest_of_each_source_is_in_force(url: str) -> None:
    with opened(url) as catalog:
        for source, key in (("b", "1"), ("a", "2"), ("b", "3")):
            catalog.corrections.record("digits", source, ref(key), 1, "me")
        catalog.corrections.record("other", "a", ref("4"), 1, "me")
        found = catalog.corrections.in_force("digits")
    assert [(one.source, one.ref.key) for one in found] == [("a", "2"), ("b", "3")]


def test_an_entry_without_rows_withdraws_and_stays_in_the_history(url: str) -> None:
    with opened(url) as catalog:
        catalog.corrections.record("digits", "a", ref("1"), 3, "me")
        catalog.corrections.record("digits", "a", ref("2"), 0, "me")
        assert catalog.corrections.in_force("digits") == []
        assert [one.rows for one in catalog.corrections.history("digits")] == [0, 3]


def test_a_run_remembers_the_corrections_it_started_with(url: str) -> None:
    values: dict[str, Any] = {
        "run_id": "r", "workflow": "digits", "dag_id": "digits", "spec": {}, "spec_digest": "d",
        "params": {}, "trigger": "manual", "version": "1",
    }  # fmt: skip
    frozen = {"a": ref("1").to_document()}
    with opened(url) as catalog:
        run = catalog.runs.start(**values, corrections=frozen)
        assert catalog.runs.get(run.id).corrections == frozen
        assert catalog.runs.start(**values).corrections is None
