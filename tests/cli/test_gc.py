"""`millrace gc` and `millrace keep`, as people use them."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from millrace.artifacts.reference import ArtifactRef
from millrace.artifacts.restricted import RestrictedStore
from millrace.artifacts.sealing.master_keys import new_key
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.jobs.collection import collecting
from millrace.settings import Settings

NOW = {"MILLRACE_GC_GRACE": "0", "MILLRACE_KEEP_DAYS": "0"}
NOTHING = NOW | {"MILLRACE_KEEP_RUNS": "0", "MILLRACE_KEEP_VERSIONS": "0"}

History = dict[str, ArtifactRef]


@pytest.fixture
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NOTHING.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def abandoned(history: History, tmp_path: Path) -> ArtifactRef:
    """An artifact of a run that ended, beside the champion's history."""
    settings = Settings.load()
    from millrace.artifacts.manifest import Manifest

    path = tmp_path / "old"
    path.write_bytes(b"x" * 5_000)
    store = Store(settings.store)
    ref = store.publish(Manifest("text", "ef" * 32, {"old": store.put(path)})).ref
    with Catalog(settings.catalog) as catalog:
        run = catalog.runs.start("old", "digits", "digits", {}, "0", {}, "manual", "0")
        execution = catalog.executions.begin(run.id, "clean", "a/0", ref.key, {}, [], 1, "h")
        catalog.executions.finish(execution, "done", output=ref)
        catalog.runs.finish(run.id, "done")
    return ref


@pytest.mark.usefixtures("abandoned")
def test_nothing_goes_by_default(millrace: Any) -> None:
    code, out, _ = millrace("gc")
    assert code == 0
    assert "Nothing to collect." in out
    assert "Model versions kept: 1" in out


@pytest.mark.usefixtures("nothing_kept")
def test_a_dry_run_says_what_would_go_and_yes_removes_it(
    millrace: Any, history: History, abandoned: ArtifactRef
) -> None:
    code, out, _ = millrace("gc")
    assert code == 0
    assert "1 behind a model version" in out
    assert [line.split()[:2] for line in out.splitlines() if line.startswith(("obj", "man"))] == [
        ["objects", "1"],
        ["manifests", "1"],
    ]
    assert "digits    2" in out
    assert "Nothing was removed; `millrace gc --yes` does it." in out
    store = Store(Settings.load().store)
    assert store.find(abandoned.key) is not None
    code, out, _ = millrace("gc", "--yes")
    assert "Freed 5." in out
    assert store.find(abandoned.key) is None
    for ref in history.values():
        if ref.kind != "partitions":  # the made-up history does not mention it
            assert store.complete(store.get(ref))


@pytest.mark.usefixtures("nothing_kept")
def test_figures_for_programs_and_no_removal_unasked(millrace: Any, abandoned: ArtifactRef) -> None:
    _, out, _ = millrace("gc", "--json")
    found = json.loads(out)
    assert found["by_kind"]["objects"] == {"files": 1, "bytes": 5_000}
    assert (found["removed"], found["freed"]) == (False, 0)
    _, out, _ = millrace("gc", "--json", "--yes")
    assert json.loads(out)["freed"] == found["bytes"]


@pytest.mark.usefixtures("nothing_kept")
def test_a_kept_run_stays_until_it_is_released(millrace: Any, abandoned: ArtifactRef) -> None:
    code, out, _ = millrace("keep", "2", "--because", "figures of the report")
    assert code == 0
    assert "Run 2 (digits old) is kept: figures of the report" in out
    assert "figures of the report" in millrace("keep")[1]
    assert "Kept: figures of the report" in millrace("show", "run", "2")[1]
    assert "1 kept by name" in millrace("gc", "--yes")[1]
    assert Store(Settings.load().store).find(abandoned.key) is not None
    millrace("keep", "2", "--release")
    assert "No run is kept" in millrace("keep")[1]
    assert "Freed" in millrace("gc", "--yes")[1]


@pytest.mark.usefixtures("nothing_kept", "abandoned")
def test_what_was_collected_is_called_so(millrace: Any, abandoned: ArtifactRef) -> None:
    millrace("gc", "--yes")
    code, out, _ = millrace("show", "run", "2")
    assert code == 0
    assert f"{abandoned.digest[:12]} (collected)" in out
    _, _, err = millrace("show", "artifact", abandoned.digest[:12])
    assert "which were collected" in err
    assert (
        "1 of its 1 artifacts were collected before"
        in millrace("keep", "2", "--because", "too late")[1]
    )


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize(
    ("words", "says"),
    [(("1",), "for a reason"), (("99", "--because", "x"), "no such run"),
     (("1", "--because", " "), "for a reason")],
)  # fmt: skip
def test_keeping_needs_a_run_and_a_reason(millrace: Any, words: Any, says: str) -> None:
    code, _, err = millrace("keep", *words)
    assert code == 64
    assert says in err


@pytest.mark.usefixtures("nothing_kept", "history")
def test_a_run_that_was_killed_long_ago_is_named_and_can_be_counted_as_ended(millrace: Any) -> None:
    then = datetime.now(UTC) - timedelta(days=9)
    with Catalog(Settings.load().catalog, lambda: then) as catalog:
        catalog.runs.start("killed", "digits", "digits", {}, "0", {}, "local", "0")
    out = millrace("gc")[1]
    assert "1 running" in out
    assert "1 runs began more than 7 days ago and have not ended (2)" in out
    assert "running" not in millrace("gc", "--stalled", "7")[1]


@pytest.mark.usefixtures("history")
def test_a_second_collection_waits_its_turn(millrace: Any, home: Path) -> None:
    with Catalog(Settings.load().catalog) as catalog, collecting(home, catalog):
        code, _, err = millrace("gc")
    assert code == 75
    assert "another garbage collection" in err


def test_a_setting_that_is_no_number_is_refused(
    millrace: Any, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_KEEP_RUNS", "all")
    code, _, err = millrace("gc")
    assert code == 64
    assert "MILLRACE_KEEP_RUNS" in err


def test_without_a_catalog_nothing_is_touched(millrace: Any, home: Path) -> None:
    code, _, err = millrace("gc", "--yes")
    assert code == 64
    assert "no tables yet" in err


def test_brackets_in_a_reason_are_text(millrace: Any, history: History) -> None:
    code, out, _ = millrace("keep", "1", "--because", "figures [/red] [1]")
    assert (code, "is kept: figures [/red] [1]" in out) == (0, True)
    code, out, _ = millrace("keep")
    assert (code, "figures [/red] [1]" in out) == (0, True)


def test_originals_go_after_their_days(
    millrace: Any, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_MASTER_KEY", new_key())
    monkeypatch.setenv("MILLRACE_RESTRICTED_STORE", (tmp_path / "restricted").as_uri())
    restricted = RestrictedStore.load(tmp_path / "scratch")
    assert restricted is not None
    for name in ("S-1", "S-2"):
        restricted.keep("w", "P-A", name, b"Jane Doe")
    old = time.time() - 31 * 24 * 3600
    os.utime(tmp_path / "restricted" / "originals" / "w" / "P-A" / "S-1", (old, old))
    code, out, _ = millrace("gc", "--json")
    assert (code, json.loads(out)["by_kind"]["originals past their days"]["files"]) == (0, 2)
    assert len(restricted.of_patient("P-A")) == 4
    assert millrace("gc", "--yes")[0] == 0
    assert [name.rpartition("/")[2] for name in restricted.of_patient("P-A")] == ["S-2", "S-2.key"]
