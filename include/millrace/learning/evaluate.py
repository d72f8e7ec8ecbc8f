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
from millrace.learning.evaluation.bootstrap import COVERAGE
from millrace.learning.evaluation.comparison import baseline_figures, champion_figures
from millrace.learning.evaluation.figures import Figures
from millrace.learning.evaluation.honesty import honesty
from millrace.learning.evaluation.review import REVIEWED
from millrace.learning.evaluation.verdict import verdict
from millrace.learning.modality import open_learning
from millrace.learning.predictions import predict_table
from millrace.workflow.stage import StageContext, StageResult

FORMAT = 1
"""Of ``report.json``."""


def run(context: StageContext) -> StageResult:
    """Score the bundle, the baseline and the champion on the dataset's test split.

    Writes ``predictions.parquet``, ``report.json`` and ``plots/*.png``.

    Args:
        context: roles ``dataset``, ``bundle``, and optional ones ``baseline``, ``champion``,
            ``cross_validation`` and ``shortcuts``; params ``modality``, ``bootstrap``
            (replicates), ``seed`` and ``by``, the figure by which models are compared (accuracy by
            default, of numbers the RMSE).

    Raises:
        DataError: the test split is empty, or has a label that the bundle does not know.
    """
    dataset, artifact = context.one("dataset"), context.one("bundle")
    bundle = Bundle.open(artifact)
    figures = bundle.target.figures()
    outcomes = _score(bundle, figures, dataset.path("test.parquet"), context.output)
    facts = _facts(context, bundle, figures, outcomes)
    details = {"interval_coverage": COVERAGE, **figures.details(outcomes)}
    report = {"format": FORMAT, "labels": list(bundle.labels), **facts, **details}
    text = json.dumps(report, indent=1, sort_keys=True, allow_nan=False)
    (context.output / "report.json").write_text(text + "\n", encoding="utf-8")
    plots = context.output / "plots"
    plots.mkdir()
    figures.plots(plots, outcomes, _history(artifact))
    open_learning(context.params["modality"]).draw(plots, outcomes, dataset, artifact)
    return StageResult(
        kind="evaluation", rows=len(outcomes), facts=facts, metrics=_catalog_metrics(facts)
    )


def _score(bundle: Bundle, figures: Figures, test: Path, output: Path) -> Any:
    path = output / "predictions.parquet"
    write_table(path, bundle.target.schema(), predict_table(bundle, test))
    return figures.outcomes(read_table(path), "test split")


def _facts(context: StageContext, bundle: Bundle, judge: Figures, outcomes: Any) -> dict[str, Any]:
    replicates, seed = int(context.params["bootstrap"]), int(context.params["seed"])
    by = context.params.get("by", bundle.target.default_figure)
    test = context.one("dataset").path("test.parquet")
    limits = judge.intervals(outcomes, replicates, seed)
    baseline, champion = context.optional("baseline"), context.optional("champion")
    figures, compared = judge.overall(outcomes), None
    if baseline is not None:
        others = bundle.target.figures(_baseline_labels(context, bundle))
        compared = baseline_figures(baseline, test, others, replicates, seed)
    return {
        "rows": len(outcomes),
        "decision": bundle.document.get("decision"),
        "metrics": {
            name: {"value": value, "low": limits[name][0], "high": limits[name][1]}
            for name, value in figures.items()
        },
        **judge.facts(outcomes),
        "slices": judge.slices(outcomes, replicates, seed),
        "baseline": compared,
        "leakage": context.one("dataset").facts.get("leakage"),
        "temperature": bundle.document.get("calibration"),
        "explanations": _explanations(context.one("bundle")),
        **honesty(context, figures, bundle.document.get("start")),
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


def _explanations(bundle: Artifact) -> list[str]:
    """Return what is to be known of a bundle's explained records; nothing of texts'."""
    if not bundle.has("explained.json"):
        return []
    document = json.loads(bundle.path("explained.json").read_bytes())
    return list(document.get("sentences") or ())


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
    reviewed = facts.get("review") or {}
    flat |= {name: reviewed[name] for name in REVIEWED if reviewed.get(name) is not None}
    for role in ("baseline", "champion"):
        for name, value in ((facts[role] or {}).get("metrics") or {}).items():
            flat[f"{role}_{name}"] = value
    for source, figures in facts["slices"].items():
        for name, figure in figures.items():
            if isinstance(figure, Mapping):  # the one that all slices have, with its interval
                flat[f"{name}[{source}]"] = figure["value"]
    return flat
