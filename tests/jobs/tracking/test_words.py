"""Specs and figures in MLflow's words."""

from __future__ import annotations

from millrace.jobs.tracking.words import figures, flat


def test_a_spec_becomes_flat_parameters() -> None:
    spec = {
        "name": "w",
        "labels": [],
        "sources": [{"name": "a", "kind": "idx", "options": {"x": 1}}],
        "model": {"hidden": [32, 16]},
        "schedule": None,
    }
    assert flat(spec) == {
        "name": "w",
        "labels": "[]",
        "sources.a.name": "a",
        "sources.a.kind": "idx",
        "sources.a.options.x": "1",
        "model.hidden": "[32, 16]",
    }


def test_variables_stay_unresolved_and_long_values_are_cut() -> None:
    assert flat({"uri": "${BUCKET}/x"}) == {"uri": "${BUCKET}/x"}
    assert len(flat({"labels": ["label"] * 1_000})["labels"]) == 500


def test_figures_are_finite_and_named_as_mlflow_allows() -> None:
    metrics = {"accuracy": 0.5, "accuracy[büro, 1]": 1, "gap": float("nan"), "note": "text"}
    assert figures(metrics) == {"accuracy": 0.5, "accuracy/büro_ 1": 1.0}


def test_credentials_of_uris_are_left_out() -> None:
    source = {"name": "web", "uri": "https://user:secret@host/data.csv?token=secret"}
    assert "secret" not in str(flat({"sources": [source]}))
