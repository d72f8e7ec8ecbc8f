"""Several processes use one catalog at once, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import millrace
from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.catalog import Catalog


def race(url: str, *actions: tuple[Any, ...]) -> list[Any]:
    """Run each action in its own process, all let go at the same moment."""
    workers = [spawn(url, *action) for action in actions]
    try:
        for worker in workers:
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            worker.stdin.write("go\n")
            worker.stdin.flush()
        return [json.loads(worker.communicate(timeout=120)[0]) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def spawn(url: str, name: str, *arguments: Any) -> subprocess.Popen[str]:
    path = str(Path(millrace.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, Path(__file__).with_name("workers.py"), url, name, json.dumps(arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )


def test_processes_that_migrate_at_once_all_succeed(url: str) -> None:
    assert race(url, *[("migrate",)] * 3) == ["migrated"] * 3


def test_one_run_started_by_two_processes_is_one_run(catalog: Catalog, url: str) -> None:
    assert race(url, *[("start", "manual__1")] * 2) == [1, 1]
    assert len(catalog.runs.latest()) == 1


def test_versions_stay_without_gap_or_repeat(catalog: Catalog, url: str) -> None:
    own = [f"a{i}" for i in range(8)], [f"b{i}" for i in range(8)], [f"c{i}" for i in range(8)]
    made = race(url, *(("register", words) for words in own))
    assert sorted(version for versions in made for version in versions) == list(range(1, 25))


def test_one_bundle_registered_at_once_is_one_version(catalog: Catalog, url: str) -> None:
    assert race(url, *[("register", ["same"])] * 3) == [[1]] * 3
    assert len(catalog.models.versions("digits")) == 1


def test_of_two_promotions_against_one_champion_one_wins(catalog: Catalog, url: str) -> None:
    register(catalog, 2)
    made = race(url, ("decide", 1, None, None), ("decide", 2, None, None))
    assert made.count("ChampionChanged") == 1
    assert len(catalog.models.promotions("digits")) == 1


def test_one_decision_recorded_twice_at_once_is_one_record(catalog: Catalog, url: str) -> None:
    register(catalog, 1)
    run = catalog.runs.start("manual__1", "digits", "digits", {}, "", {}, "manual", "0").id
    first, second = race(url, *[("decide", 1, run, None)] * 2)
    assert first == second
    assert len(catalog.models.promotions("digits")) == 1


def test_promotions_never_overwrite_each_other(catalog: Catalog, url: str) -> None:
    register(catalog, 3)
    race(url, ("climb", 1, 10), ("climb", 2, 10), ("climb", 3, 10))
    history = catalog.models.promotions("digits")
    by_term = sorted(history, key=lambda promotion: promotion.term or 0)
    assert [promotion.term for promotion in by_term] == list(range(1, 31))
    assert [p.replaced for p in by_term] == [None, *(p.version for p in by_term[:-1])]


def register(catalog: Catalog, count: int) -> None:
    for number in range(count):
        bundle = ArtifactRef("bundle", f"k{number}", f"d{number}", "file:///x", None, 1)
        catalog.models.register("digits", bundle, None, {})
