"""Figures of a positive class on the terminal: there where a model has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from millrace.artifacts.digests import digest_value
from millrace.artifacts.manifest import Manifest
from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.settings import Settings

FIGURES = {
    "accuracy": 0.9871,
    "f1": 0.9412,
    "f1_low": 0.91,
    "f1_high": 0.97,
    "baseline_f1": 0.9333,
    "average_precision": 0.9701,
    "matthews": 0.9345,
}


@pytest.fixture
def spam(history: Any, tmp_path: Path) -> None:
    """A second version, whose figures are of a positive class too, is the champion."""
    settings = Settings.load()
    store = Store(settings.store)
    path = tmp_path / "second"
    path.write_text("second")
    ref = store.publish(Manifest("bundle", "cd" * 32, {"bundle.json": store.put(path)})).ref
    with Catalog(settings.catalog) as catalog:
        run = catalog.runs.latest(limit=1)[0]
        execution = catalog.executions.begin(
            run=run.id, stage="evaluate", partition=None, key="ef" * 32, key_parts={},
            inputs=[], attempt=1, host="here",
        )  # fmt: skip
        evaluation = history["evaluation"]
        catalog.executions.finish(execution, "done", output=evaluation, metrics=FIGURES)
        catalog.models.register("digits", ref, run.id, FIGURES)
        catalog.models.decide("digits", 2, "promoted", "better", "gate", run.id, 1)


def row(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if name in line)


@pytest.mark.usefixtures("spam")
def test_versions_have_a_column_for_it(millrace: Any) -> None:
    out = millrace("show", "model", "digits")[1]
    assert "F1" in row(out, "bundle")
    assert "0.9412" in row(out, "champion")


@pytest.mark.usefixtures("spam")
def test_a_version_names_each_figure(millrace: Any) -> None:
    out = millrace("show", "model", "digits:2")[1]
    assert out.splitlines()[1:4] == ["Accuracy: 0.9871", "F1: 0.9412", "Average precision: 0.9701"]


@pytest.mark.usefixtures("spam")
def test_a_run_ends_with_them_beside_the_baseline(millrace: Any) -> None:
    out = millrace("show", "run")[1]
    expected = "F1                0.9412 on the test split (95 % interval 0.9100 to 0.9700)"
    assert f"{expected}; baseline 0.9333" in " ".join(out.split("\n"))
    assert "Average precision 0.9701 on the test split" in out


@pytest.mark.usefixtures("spam")
def test_status_shows_it(
    millrace: Any, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path))
    (tmp_path / "digits.yaml").touch()
    (home / "run").mkdir()
    (home / "run" / "address.json").write_text('{"port": 9}')
    assert "0.9412" in row(millrace("status")[1], "version 2")


def test_where_no_model_has_one_nothing_is_said_of_it(millrace: Any, history: Any) -> None:
    for words in (("model", "digits"), ("model", "digits:1"), ("run",)):
        assert "F1" not in millrace("show", *words)[1]


def test_a_run_ends_with_its_candidates_and_says_that_the_baseline_is_better(
    millrace: Any, history: Any, tmp_path: Path
) -> None:
    settings = Settings.load()
    store = Store(settings.store)
    found = {
        "choose": {"sentence": "cnn is the best candidate: accuracy 0.9877"},
        "evaluate": {
            "verdict": "The baseline is better: accuracy 0.9915 against 0.9877",
            "decision": {"sentence": "spam from a probability of 0.4 on"},
            "leakage": "No equal records were found",
        },
        "explain": {"sentences": ["Grad-CAM is not shown: its maps are flat."]},
    }
    with Catalog(settings.catalog) as catalog:
        run = catalog.runs.latest(limit=1)[0]
        for stage, facts in found.items():
            key = digest_value(stage)
            ref = store.publish(Manifest("x", key, {}, facts)).ref
            one = catalog.executions.begin(run.id, stage, None, key, {}, [], 1, "here")
            catalog.executions.finish(one, "done", output=ref)
    out = millrace("show", "run")[1]
    assert row(out, "Candidates").split(maxsplit=1)[1] == found["choose"]["sentence"]
    assert row(out, "Baseline  ").split(maxsplit=1)[1] == found["evaluate"]["verdict"]
    assert row(out, "Split").split(maxsplit=1)[1] == found["evaluate"]["leakage"]
    assert row(out, "Explained").split(maxsplit=1)[1] == found["explain"]["sentences"][0]
    assert row(out, "Explanations").endswith("(no plots)")
    assert row(out, "Threshold").split(maxsplit=1)[1] == "spam from a probability of 0.4 on"
