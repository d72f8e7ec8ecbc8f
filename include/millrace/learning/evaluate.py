"""Stage `evaluate`: the figures and plots of an exported bundle on the test split.

It judges nothing (`gate`) and never looks at a model in memory: what is scored is what will serve.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import read_table, write_table
from millrace.learning.bundle import Bundle
from millrace.learning.evaluation import metrics
from millrace.learning.evaluation.bootstrap import COVERAGE, intervals
from millrace.learning.evaluation.calibration import reliability
from millrace.learning.evaluation.comparison import baseline_figures, champion_figures
from millrace.learning.evaluation.outcomes import Outcomes, outcomes_of
from millrace.learning.evaluation.plots import write_plots
from millrace.learning.evaluation.slices import slices
from millrace.learning.evaluation.verdict import verdict
from millrace.learning.modality import open_learning
from millrace.learning.predictions import predict_table, predictions_schema
from millrace.workflow.stage import StageContext, StageResult

FORMAT = 1
"""Of ``report.json``."""


def run(context: StageContext) -> StageResult:
    """Score the bundle, the baseline and the champion on the dataset's test split.

    Writes ``predictions.parquet``, ``report.json`` and ``plots/*.png``.

    Args:
        context: roles ``dataset``, ``bundle``, ``baseline`` (optional), ``champion`` (optional);
            params ``modality``, ``bootstrap`` (replicates), ``seed`` and ``by``, the figure by
            which models are compared (accuracy by default).

    Raises:
        DataError: the test split is empty, or has a label that the bundle does not know.
    """
    dataset, artifact = context.one("dataset"), context.one("bundle")
    bundle = Bundle.open(artifact)
    outcomes = _score(bundle, dataset.path("test.parquet"), context.output)
    facts = _facts(context, bundle, outcomes)
    report = {"format": FORMAT, "labels": list(bundle.labels), **facts, **_details(outcomes)}
    text = json.dumps(report, indent=1, sort_keys=True, allow_nan=False)
    (context.output / "report.json").write_text(text + "\n", encoding="utf-8")
    plots = context.output / "plots"
    plots.mkdir()
    write_plots(plots, outcomes, _history(artifact), bundle.rule)
    open_learning(context.params["modality"]).draw(plots, outcomes, dataset, artifact)
    return StageResult(
        kind="evaluation", rows=len(outcomes), facts=facts, metrics=_catalog_metrics(facts)
    )


def _score(bundle: Bundle, test: Path, output: Path) -> Outcomes:
    path = output / "predictions.parquet"
    write_table(path, predictions_schema(bundle.labels), predict_table(bundle, test))
    return outcomes_of(read_table(path), bundle.labels, "test split", bundle.rule)


def _facts(context: StageContext, bundle: Bundle, outcomes: Outcomes) -> dict[str, Any]:
    replicates, seed = int(context.params["bootstrap"]), int(context.params["seed"])
    test, by = context.one("dataset").path("test.parquet"), context.params.get("by", "accuracy")
    labels, rule = _baseline_labels(context, bundle), bundle.rule
    limits = intervals(outcomes, replicates, seed)
    baseline, champion = context.optional("baseline"), context.optional("champion")
    figures, compared = metrics.overall(outcomes), None
    if baseline is not None:
        compared = baseline_figures(baseline, test, labels, rule, replicates, seed)
    return {
        "rows": len(outcomes),
        "decision": bundle.document.get("decision"),
        "metrics": {
            name: {"value": value, "low": limits[name][0], "high": limits[name][1]}
            for name, value in figures.items()
        },
        "costs": _costs(outcomes),
        "slices": slices(outcomes, replicates, seed),
        "baseline": compared,
        "leakage": context.one("dataset").facts.get("leakage"),
        "verdict": verdict(by, figures[by], context.one("bundle"), baseline, compared),
        "champion": None
        if champion is None
        else champion_figures(champion, bundle, outcomes, test, replicates, seed, by),
        "bundle": context.one("bundle").ref.digest,
        "champion_bundle": None if champion is None else champion.ref.digest,
    }


def _baseline_labels(context: StageContext, bundle: Bundle) -> tuple[str, ...]:
    """Return the classes in the dataset's order, which is that of the baseline."""
    return tuple(context.one("dataset").facts.get("labels", bundle.labels))


def _costs(outcomes: Outcomes) -> dict[str, Any] | None:
    """Return what mistakes cost in all, by true class (row) and predicted class (column)."""
    if outcomes.costs is None:
        return None
    table = metrics.cost_table(metrics.confusion(outcomes), outcomes.costs)
    return {"labels": list(outcomes.labels), "table": table.tolist()}


def _details(outcomes: Outcomes) -> dict[str, Any]:
    """Return what only the report holds."""
    bins = reliability(outcomes)
    return {
        "interval_coverage": COVERAGE,
        "classes": metrics.per_class(outcomes),
        "confusion": metrics.confusion(outcomes).tolist(),
        "calibration": {
            "rows": bins.rows.tolist(),
            "accuracy": bins.accuracy.tolist(),
            "confidence": bins.confidence.tolist(),
        },
    }


def _history(bundle: Artifact) -> list[Mapping[str, float]]:
    """Return the figures of each epoch, oldest first; empty where the bundle has none."""
    if not bundle.has("history.json"):
        return []
    epochs: list[Mapping[str, float]] = json.loads(bundle.path("history.json").read_bytes())[
        "epochs"
    ]
    return epochs


def _catalog_metrics(facts: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures under flat names: ``accuracy``, ``baseline_accuracy`` and so on."""
    flat: dict[str, float] = {}
    for name, figure in facts["metrics"].items():
        flat[name] = figure["value"]
        flat[f"{name}_low"], flat[f"{name}_high"] = figure["low"], figure["high"]
    for role in ("baseline", "champion"):
        for name, value in ((facts[role] or {}).get("metrics") or {}).items():
            flat[f"{role}_{name}"] = value
    for source, figures in facts["slices"].items():
        flat[f"accuracy[{source}]"] = figures["accuracy"]["value"]
    return flat
