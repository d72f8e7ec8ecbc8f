"""Corrections: the latest of a source is in force, and an empty one withdraws."""

from __future__ import annotations

from typing import Any

import pytest

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.catalog import Catalog
from millrace.errors import TransientError


def ref(key: str) -> ArtifactRef:
    return ArtifactRef("corrections", key, key, f"file:///{key}", 1, 10)


def opened(url: str) -> Catalog:
    catalog = Catalog(url)
    catalog.migrate()
    return catalog


def test_the_latest_of_each_source_is_in_force(url: str) -> None:
    with opened(url) as catalog:
        first = catalog.corrections.record("digits", "b", ref("1"), 1, "me")
        catalog.corrections.record("digits", "a", ref("2"), 1, "me")
        catalog.corrections.record("digits", "b", ref("3"), 1, "me", first.id)
        catalog.corrections.record("other", "a", ref("4"), 1, "me")
        found = catalog.corrections.in_force("digits")
    assert [(one.source, one.ref.key) for one in found] == [("a", "2"), ("b", "3")]


def test_an_entry_without_rows_withdraws_and_stays_in_the_history(url: str) -> None:
    with opened(url) as catalog:
        first = catalog.corrections.record("digits", "a", ref("1"), 3, "me")
        catalog.corrections.record("digits", "a", ref("2"), 0, "me", first.id)
        assert catalog.corrections.in_force("digits") == []
        assert [one.rows for one in catalog.corrections.history("digits")] == [0, 3]


def test_what_somebody_else_corrected_meanwhile_is_not_lost(url: str) -> None:
    with opened(url) as catalog:
        first = catalog.corrections.record("digits", "a", ref("1"), 3, "me")
        for known in (None, first.id + 1):
            with pytest.raises(TransientError, match="meanwhile"):
                catalog.corrections.record("digits", "a", ref("2"), 1, "you", known)
        assert [one.rows for one in catalog.corrections.history("digits")] == [3]


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
