"""The disk is full at stage after stage: each says so, leaves nothing, and succeeds afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tiny_workflow
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.errors import TransientError
from millrace.jobs.local_run import run_workflow
from millrace.settings import Settings
from small_disk import SmallDisk, small_disk

pytestmark = pytest.mark.tensorflow

STAGES = {
    "discover": "running",
    "collect": "running",
    "clean": "running",
    "transform": "running",
    "integrate": "running",
    "train": "epoch",
    "baseline": "running",
    "evaluate": "running",
    "cards": "running",
    "promote": "running",
    "predict": "running",
}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 32) as mounted:
        yield mounted


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Install `tiny`; the catalog and the predictions are always on the large disk."""
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "tiny.yaml").write_text(tiny_workflow.SPEC)

    def make(home: Path, store: Path) -> Settings:
        for name, value in {
            "MILLRACE_HOME": str(home),
            "MILLRACE_STORE": store.as_uri(),
            "MILLRACE_CATALOG": f"sqlite:///{tmp_path / 'catalog.db'}",
            "MILLRACE_PREDICTIONS": f"sqlite:///{tmp_path / 'predictions.db'}",
            "MILLRACE_WORKFLOWS": str(tmp_path / "workflows"),
        }.items():
            monkeypatch.setenv(name, value)
        settings = Settings.load()
        Catalog(settings.catalog).migrate()
        return settings

    return make


def run(disk: SmallDisk, stage: str | None, when: str = "running") -> dict[str, Any]:
    """Run `tiny`; the disk becomes full when `stage` starts, or tells its first epoch."""

    def tell(task: str, event: Any) -> None:
        starts = event.get("state") == "running" if when == "running" else "epoch" in event
        if task == stage and starts:
            disk.fill()

    try:
        return run_workflow("tiny", {"limit": 500}, tell, run_id="one")
    finally:
        disk.empty()


def manifests(store: Store) -> set[str]:
    return set(store.keys())


def test_a_store_that_is_full_at_any_stage_fails_it_for_now_and_shows_nothing(
    disk: SmallDisk, install: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = install(tmp_path / "home", disk.path / "store")
    store = Store(settings.store)
    before: set[str] = set()
    for stage, when in STAGES.items():
        with pytest.raises(TransientError, match="the disk is full") as caught:
            run(disk, stage, when)
        assert str(disk.path) in str(caught.value), stage
        assert manifests(store) >= before
        before = manifests(store)
        assert not list(disk.path.rglob(".part-*")), stage
    assert run(disk, None)["decision"] == "promoted"
    assert all(store.complete(found) for key in manifests(store) if (found := store.find(key)))
    (record,) = Catalog(settings.catalog).runs.latest()
    assert record.state == "done"


def test_scratch_space_that_is_full_fails_a_stage_for_now_and_is_left_clean(
    disk: SmallDisk, install: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = install(disk.path / "home", tmp_path / "store")
    stages = {"collect": "running", "train": "epoch", "evaluate": "running", "predict": "running"}
    for stage, when in stages.items():
        with pytest.raises(TransientError, match="the disk is full") as caught:
            run(disk, stage, when)
        assert str(disk.path / "home" / "scratch") in str(caught.value), stage
        assert list((disk.path / "home" / "scratch").iterdir()) == [], stage
    assert run(disk, None)["decision"] == "promoted"
    assert len(Catalog(settings.catalog).batches.latest()) == 1
