"""Pods that nobody waits for: found and deleted, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pod_api
from millrace.catalog.catalog import Catalog
from millrace.errors import SpecError, TransientError
from millrace.jobs.locks import key_lock
from millrace.jobs.runtimes.kubernetes.identity import installation_labels
from millrace.jobs.runtimes.kubernetes.strays import strays_of
from millrace.settings import Settings

KEY = "ab" * 32


class Left:
    """An installation with a run, and a pod of that run that its launcher left behind."""

    def __init__(self, api: pod_api.PodApi, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.api = api
        self.settings = Settings.load()
        self.catalog = Catalog(self.settings.catalog)
        self.catalog.migrate()
        self.run = self.catalog.runs.start(
            run_id="r", workflow="w", dag_id="w", spec={}, spec_digest="0", params={},
            trigger="manual", version="0",
        )  # fmt: skip
        patch.setenv("KUBECONFIG", str(api.config(folder)))

    def pod(self, name: str, **labels: str) -> None:
        self.api.create(
            {
                "metadata": {
                    "name": name,
                    "labels": {**installation_labels(), **labels},
                    "annotations": {"millrace.key": KEY, "millrace.run": str(self.run.id)},
                },
                "spec": {
                    "containers": [{"name": "base", "image": "i"}],
                    "terminationGracePeriodSeconds": 0,
                },
            }
        )

    def removed(self) -> list[str]:
        with strays_of(self.settings, self.catalog) as strays:
            return [stray.name for stray in strays.remove()]


@pytest.fixture
def left(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Left]:
    with pod_api.serve() as api:
        api.unschedulable = "nothing runs in this test"
        made = Left(api, tmp_path, monkeypatch)
        yield made
        made.catalog.close()


def test_the_pod_of_a_run_that_ended_is_deleted(left: Left) -> None:
    left.pod("one")
    left.catalog.runs.finish(left.run.id, "failed", {})
    with strays_of(left.settings, left.catalog) as strays:
        (found,) = strays.find()
    assert (found.name, found.key, found.run) == ("one", KEY, str(left.run.id))
    assert (found.status, found.reason) == ("pending", "its run has ended")
    assert left.removed() == ["one"]
    assert left.removed() == []


def test_the_pod_of_a_run_that_goes_on_stays_for_the_next_try(left: Left) -> None:
    left.pod("one")
    assert left.removed() == []


def test_a_pod_whose_key_somebody_holds_stays(left: Left) -> None:
    left.pod("one")
    left.catalog.runs.finish(left.run.id, "done")
    with key_lock(left.settings.home / "locks", KEY):
        assert left.removed() == []


def test_pods_of_other_installations_and_of_others_stay(left: Left) -> None:
    left.pod("theirs", **{"millrace.installation": "another"})
    left.pod("foreign", **{"app.kubernetes.io/managed-by": "helm"})
    left.catalog.runs.finish(left.run.id, "done")
    assert left.removed() == []


@pytest.mark.parametrize(("status", "kind"), [(403, SpecError), (500, TransientError)])
def test_a_cluster_that_refuses_is_said(left: Left, status: int, kind: Any) -> None:
    left.api.refuse["list", status] = 1
    with pytest.raises(kind):
        left.removed()


def test_without_a_cluster_it_says_where_it_looked(
    left: Left, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nowhere/config")
    with pytest.raises(SpecError, match="KUBECONFIG=/nowhere/config"):
        left.removed()
