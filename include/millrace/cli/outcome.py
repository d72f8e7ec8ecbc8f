"""`print_outcome`: what a run came to: figures, champion, predictions, and where everything is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from millrace.artifacts.store import Store
from millrace.catalog.catalog import Catalog
from millrace.catalog.records import ExecutionRecord, RunRecord
from millrace.cli.console import console
from millrace.cli.words import without_password
from millrace.jobs.report_copies import copy_folder
from millrace.settings import Settings
from millrace.workflow.figures import TITLES, written_figure
from millrace.workflow.sentences import calibration_sentence, review_sentence

Rows = list[tuple[str, str]]

_FIGURES = ("accuracy", "f1", "average_precision", "r2", "rmse", "mae")

_SENTENCES = (
    ("choose", ("sentence",), "Candidates"),
    ("evaluate", ("leakage",), "Split"),
    ("evaluate", ("cross_validation", "sentence"), "Cross-validation"),
    ("evaluate", ("shortcuts", "sentence"), "Shortcuts"),
    ("evaluate", ("warnings",), "Warning"),
    ("evaluate", ("verdict",), "Baseline"),
    ("evaluate", ("decision", "sentence"), "Threshold"),
    ("explain", ("sentences",), "Explained"),
)

_TOLD = (("Review", review_sentence), ("Calibration", calibration_sentence))


def print_outcome(settings: Settings, dag_id: str, run_id: str) -> None:
    """Print the outcome of a run that ended; say nothing of what it did not do."""
    with Catalog(settings.catalog) as catalog:
        record = catalog.runs.find(dag_id, run_id)
        if record is None:
            return
        executions = catalog.executions.of_run(record.id)
        rows = [*_sentences(settings, executions), *_told(settings, executions)]
        rows += _evaluation(executions)
        rows += [*_model(catalog, record), *_predictions(executions)]
    rows += _places(settings, executions)
    for name, value in rows:
        console().print(f"{name:<18}{value}")


def _sentences(settings: Settings, executions: Sequence[ExecutionRecord]) -> Rows:
    """Return what was found in words, of results that are still in the store."""
    store = Store(settings.store, settings.home / "cache", shows=True)
    rows = []
    for stage, keys, title in _SENTENCES:
        last = _last(executions, stage)
        artifact = None if last is None or last.output is None else store.find(last.output.key)
        found: Any = {} if artifact is None else artifact.facts
        for key in keys:
            found = (found or {}).get(key)
        said = found if isinstance(found, list) else [found] if found else []
        rows += [(title, f"{one}") for one in said]
    return rows


def _told(settings: Settings, executions: Sequence[ExecutionRecord]) -> Rows:
    """Return what of the evaluation needs a sentence of its own."""
    last = _last(executions, "evaluate")
    store = Store(settings.store, settings.home / "cache", shows=True)
    artifact = None if last is None or last.output is None else store.find(last.output.key)
    if artifact is None:
        return []
    said = [(title, tell(artifact.facts)) for title, tell in _TOLD]
    return [(title, text) for title, text in said if text]


def _evaluation(executions: Sequence[ExecutionRecord]) -> Rows:
    last = _last(executions, "evaluate")
    if last is None:
        return []
    found = [(TITLES[name], _figure(last.metrics, name)) for name in _FIGURES]
    return [(title, text) for title, text in found if text is not None]


def _figure(figures: Mapping[str, float], name: str) -> str | None:
    """Return a figure with its interval and the baseline's, or None where it was not measured."""
    if name not in figures:
        return None
    text = f"{written_figure(figures[name])} on the test split"
    low, high = figures.get(f"{name}_low"), figures.get(f"{name}_high")
    if low is not None and high is not None:
        text += f" (95 % interval {written_figure(low)} to {written_figure(high)})"
    if f"baseline_{name}" in figures:
        text += f"; baseline {written_figure(figures[f'baseline_{name}'])}"
    return text


def _model(catalog: Catalog, record: RunRecord) -> Rows:
    rows = []
    decisions = [d for d in catalog.models.promotions(record.workflow) if d.run == record.id]
    if decisions:
        last = decisions[-1]
        rows.append(("Decision", f"version {last.version} {last.decision}: {last.reason}"))
    rows += _question(catalog, record)
    champion = catalog.models.champion(record.workflow)
    rows.append(("Champion", "none" if champion is None else f"version {champion.version}"))
    return rows


def _question(catalog: Catalog, record: RunRecord) -> Rows:
    """Return what nobody has answered, and how one answers."""
    waiting = [one for one in catalog.approvals.of_run(record.id) if one.approved is None]
    how = f"`millrace approve {record.id}` or `millrace reject {record.id}`"
    return [("Question", f"version {one.version} waits for a person: {how}") for one in waiting]


def _predictions(executions: Sequence[ExecutionRecord]) -> Rows:
    last = {one.partition: one.output for one in executions if one.stage == "predict"}
    outputs = [output for output in last.values() if output is not None]
    if not outputs:
        return []
    return [("Predictions", f"{sum(output.rows or 0 for output in outputs):,} records")]


def _places(settings: Settings, executions: Sequence[ExecutionRecord]) -> Rows:
    rows = [
        ("Store", settings.store),
        ("Catalog", without_password(settings.catalog)),
        ("Prediction table", without_password(settings.predictions)),
    ]
    logs = settings.home / "airflow" / "logs"
    if logs.exists():  # not where all runs were local ones
        rows.append(("Logs", str(logs)))
    for stage, title in (("evaluate", "Report"), ("explain", "Explanations")):
        rows += _plots(settings, _last(executions, stage), title)
    return rows + _cards(settings, _last(executions, "cards"))


def _plots(settings: Settings, execution: ExecutionRecord | None, title: str) -> Rows:
    """Copy the plots of an execution into a folder for people, once, and say where."""
    if execution is None or execution.output is None:
        return []
    folder = copy_folder(settings.home, execution.output.digest)
    store = Store(settings.store, settings.home / "cache", shows=True)
    if store.find(execution.output.key) is None:
        return [(title, f"{folder}" if folder.exists() else "no longer in the store: collected")]
    artifact = store.get(execution.output)
    names = sorted(name for name in artifact.manifest.files if name.startswith("plots/"))
    for name in ("report.json", *names):
        target = folder / name
        if artifact.has(name) and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(artifact.path(name).read_bytes())
    plots = ", ".join(Path(name).stem for name in names) or "no plots"
    return [(title, f"{folder} ({plots})")]


def _cards(settings: Settings, cards: ExecutionRecord | None) -> Rows:
    """Copy the cards into a folder for people, once, and say where."""
    if cards is None or cards.output is None:
        return []
    folder = copy_folder(settings.home, cards.output.digest)
    store = Store(settings.store, settings.home / "cache", shows=True)
    if store.find(cards.output.key) is None:
        return [("Cards", f"{folder}")] if folder.exists() else []
    artifact = store.get(cards.output)
    folder.mkdir(parents=True, exist_ok=True)
    for name in artifact.manifest.files:
        if not (folder / name).exists():
            (folder / name).write_bytes(artifact.path(name).read_bytes())
    pages = sorted(name for name in artifact.manifest.files if name.endswith(".html"))
    return [("Cards", f"{folder} ({', '.join(pages)})")]


def _last(executions: Sequence[ExecutionRecord], stage: str) -> ExecutionRecord | None:
    found = [one for one in executions if one.stage == stage and one.output is not None]
    return found[-1] if found else None
