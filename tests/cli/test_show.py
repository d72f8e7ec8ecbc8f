"""Lineage in both directions, from a real store and a real catalog."""

from __future__ import annotations

from typing import Any

import pytest

from millrace.catalog.catalog import Catalog
from millrace.errors import ExitCode
from millrace.settings import Settings


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("run", "99"), "no such run"),
        (("run", "nonsense"), "there is no such run"),
        (("artifact", "ffff"), "there is no such artifact"),
        (("record",), "nothing was named; expected millrace show record ID"),
        (("record", "digits/77"), "none of the newest 200 runs holds this record"),
        (("prediction", "digits/77"), "none of the newest 500 batches of predictions holds"),
        (("model", "digits:7"), "no such model version"),
        (("model", "digits:last"), "not a model version"),
    ],
)
def test_what_is_not_there_is_a_sentence(
    millrace: Any, history: Any, words: tuple[str, str], sentence: str
) -> None:
    code, _, err = millrace("show", *words)
    assert code == ExitCode.SPEC
    assert sentence in err


def test_a_prefix_that_fits_everything_is_refused(millrace: Any, history: Any) -> None:
    code, _, err = millrace("show", "artifact", "")
    assert code == ExitCode.SPEC
    assert "more than one artifact begins so" in err


@pytest.mark.parametrize("name", [["1"], ["r1"], []])
def test_a_run_lists_its_stages_and_what_came_out(
    millrace: Any, history: Any, name: list[str]
) -> None:
    code, out, _ = millrace("show", "run", *name)
    assert code == 0
    for word in ("integrate", "train", "evaluate", "first execution", "256.0 MiB", "0.9917"):
        assert word in out
    assert history["bundle"].digest[:12] in out


def test_an_artifact_knows_what_made_it_and_what_was_made_of_it(
    millrace: Any, history: Any
) -> None:
    bundle = history["bundle"]
    for name in (bundle.digest[:12], bundle.key[:12], bundle.digest):
        code, out, _ = millrace("show", "artifact", name)
        assert code == 0
        made, used = out.split("Used by")
        assert "train of run 1" in made
        assert f"dataset: dataset {history['dataset'].digest[:12]}, 3 rows" in made
        assert "evaluate of run 1" in used
        assert history["predictions"].digest[:12] in used


def test_a_model_lists_its_versions_and_decisions(millrace: Any, history: Any) -> None:
    code, out, _ = millrace("show", "model", "digits")
    assert code == 0
    assert "champion" in out
    assert "version 1 promoted: all checks passed" in out
    assert millrace("show", "model", "mnist")[1] == "mnist has no model yet.\n"


def test_a_version_knows_its_data_and_what_it_predicted(millrace: Any, history: Any) -> None:
    _, out, _ = millrace("show", "model", "digits:1")
    assert "train of run 1 (digits)" in out
    assert f"dataset {history['dataset'].digest[:12]}" in out
    assert f"3 rows of {history['dataset'].digest[:12]}" in out


def test_a_record_is_followed_through_the_tables(millrace: Any, history: Any) -> None:
    code, out, _ = millrace("show", "record", "digits/2")
    assert code == 0
    assert "label 4, split test" in out
    assert "label 4, predicted 9" in out


def test_a_prediction_names_its_model_and_its_data(millrace: Any, history: Any) -> None:
    code, out, _ = millrace("show", "prediction", "digits/2")
    assert code == 0
    assert "0.5100" in out
    assert history["dataset"].digest[:12] in out


def test_runs_are_listed(millrace: Any, history: Any) -> None:
    code, out, _ = millrace("runs")
    assert code == 0
    assert "r1" in out
    assert millrace("runs", "mnist")[1] == "No runs yet.\n"


def test_a_catalog_without_tables_is_a_sentence_and_migrate_mends_it(
    millrace: Any, home: Any
) -> None:
    home.mkdir()
    code, _, err = millrace("runs")
    assert code == ExitCode.SPEC
    assert "catalog migrate" in err
    assert millrace("catalog", "migrate")[0] == 0
    assert millrace("runs") == (0, "No runs yet.\n", "")


def test_without_any_run_the_latest_one_is_a_sentence(millrace: Any, home: Any) -> None:
    home.mkdir()
    millrace("catalog", "migrate")
    code, _, err = millrace("show", "run")
    assert code == ExitCode.SPEC
    assert "there are no runs yet" in err


def test_a_partition_that_was_tried_again_is_counted_once(millrace: Any, history: Any) -> None:
    with Catalog(Settings.load().catalog) as catalog:
        again = catalog.executions.begin(1, "predict", None, "k", {}, [], 2, "here")
        catalog.executions.finish(again, "cached", output=history["predictions"])
    assert "3 records" in millrace("show", "run")[1]


def test_passwords_of_databases_are_never_printed(
    millrace: Any, history: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql+psycopg2://me:hunter2@host/db?password=hunter2"
    monkeypatch.setenv("MILLRACE_PREDICTIONS", url)
    _, out, _ = millrace("show", "run")
    assert "postgresql+psycopg2://me:***@host/db" in out
    assert "hunter2" not in out
