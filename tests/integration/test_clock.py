"""The clock is set back again and again: nothing is lost, and nothing is ordered by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.catalog import Catalog

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def catalog(url: str) -> Iterator[Catalog]:
    """A catalog whose clock loses a year at each look."""
    looks = iter(range(200))
    with Catalog(url, clock=lambda: NOW - timedelta(days=365 * next(looks))) as opened:
        opened.migrate()
        yield opened


def run(catalog: Catalog, name: str) -> int:
    record = catalog.runs.start(name, "pets", "pets", {}, "", {}, "manual", "0")
    execution = catalog.executions.begin(
        run=record.id,
        stage="train",
        partition=None,
        key=f"key-{name}",
        key_parts={"name": name},
        inputs=[],
        attempt=1,
        host="here",
    )
    bundle = ArtifactRef("bundle", f"key-{name}", f"digest-{name}", "file:///x", None, 1)
    catalog.executions.finish(
        execution,
        state="done",
        reason="",
        output=bundle,
        counts=None,
        metrics={},
        seconds=1.0,
        peak_memory_bytes=1,
        error=None,
    )
    version = catalog.models.register("pets", bundle, record.id, {}).version
    champion = catalog.models.champion("pets")
    expected = None if champion is None else champion.version
    catalog.models.decide("pets", version, "promoted", "", "gate", record.id, expected)
    catalog.runs.finish(record.id, "done")
    return record.id


def test_the_newest_run_version_and_champion_are_the_last_made(catalog: Catalog) -> None:
    ids = [run(catalog, name) for name in ("one", "two", "three")]
    assert [record.id for record in catalog.runs.latest()] == ids[::-1]
    champion = catalog.models.champion("pets")
    assert champion is not None
    assert champion.version == 3
    assert [one.version for one in catalog.models.versions("pets")] == [1, 2, 3]


def test_the_execution_before_is_the_one_that_was_made_before(catalog: Catalog) -> None:
    for name in ("one", "two", "three"):
        run(catalog, name)
    later = catalog.runs.start("four", "pets", "pets", {}, "", {}, "manual", "0")
    found = catalog.executions.previous(later.id, "train", None)
    assert found is not None
    assert found.key_parts == {"name": "three"}
