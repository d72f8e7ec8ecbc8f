"""`approve`: ask a person about a challenger that passed the gate, in words and figures.

Nobody is asked about a challenger that the gate refuses, that is champion already, or about which
the run has decided, or has been answered, before. How the question reaches a person, and the answer
comes back, is the matter of Airflow's task or of the command line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from millrace.artifacts.artifact import Artifact
from millrace.catalog.records import ModelVersion
from millrace.jobs.approval import answered
from millrace.jobs.promotion import Judged, decided, judged, registered
from millrace.jobs.sensitivity import refuse_labelled
from millrace.jobs.step import Reference
from millrace.jobs.workflow_run import WorkflowRun
from millrace.workflow.figures import titled, written_figure
from millrace.workflow.sentences import review_sentence

_ABOUT_ALL = ("accuracy", "f1", "roc_auc", "average_precision", "log_loss", "r2", "rmse", "mae")
_OTHERS = ("baseline", "champion")
_EXPLAINED, _CARDS = "explain", "cards"
_CARD_TITLES = {
    "model_card": "Model card",
    "data_card": "Data card",
    "deidentification": "De-identification",
}
_CELL = 500  # characters of a sentence


def approve(
    run: WorkflowRun,
    dataset: Reference,
    bundle: Reference,
    fitted: Reference,
    evaluated: Reference,
) -> dict[str, Any]:
    """Ask about the challenger, where a person has something to say.

    Args:
        run: of the task. dataset, bundle, fitted, evaluated: what `promote` takes.

    Returns:
        ``{"asked": False, "reason"}``, or ``{"asked": True, "version", "subject", "body",
        "pages"}``: a line, Markdown, and paths of pages of the report below its root.

    Raises:
        Withheld: the evaluation is of identified records.
    """
    made = decided(run, bundle)
    if made is not None:
        return _nobody(f"the run has decided: version {made.version} was {made.decision}")
    found = judged(run, dataset, bundle, fitted, evaluated)
    if not found.passed:
        return _nobody("; ".join(found.decision["reasons"]))
    refuse_labelled((found.evaluation,), "asking a person with its figures")
    version = registered(run, bundle, found)
    answer = answered(run, version)
    if answer is not None:
        return _nobody(f"{answer.approver} has answered")
    taken = {"dataset": dataset, "bundle": bundle, "fitted": fitted, "evaluated": evaluated}
    champion = None if found.champion is None else found.champion.version
    run.catalog.approvals.ask(run.identity.workflow, run.id, version.version, champion, taken)
    return {
        "asked": True,
        "version": version.version,
        "subject": _subject(version, found.champion),
        "body": _body(version, found),
        "pages": _pages(run, found.evaluation, version),
    }


def _nobody(reason: str) -> dict[str, Any]:
    return {"asked": False, "reason": reason}


def _subject(version: ModelVersion, champion: ModelVersion | None) -> str:
    instead = "the first one" if champion is None else f"instead of version {champion.version}"
    return f"Make version {version.version} of {version.workflow} champion, {instead}?"


def _body(version: ModelVersion, found: Judged) -> str:
    """Return the figures and what the gate found, as Markdown."""
    facts = found.evaluation.facts
    return "\n".join(
        [
            f"The gate passed version {version.version}: {'; '.join(found.decision['reasons'])}.",
            "",
            *_figures(facts),
            "",
            *(f"- {_cell(text)}" for text in _sentences(facts)),
            *(f"- {_cell(check['sentence'])}" for check in found.decision.get("checks", ())),
        ]
    )


def _sentences(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the figures of one test split do not say."""
    for name in ("cross_validation", "shortcuts"):
        said = (facts.get(name) or {}).get("sentence")
        if said:
            yield said
    yield from (f"Warning: {one}" for one in facts.get("warnings") or ())
    yield from filter(None, (facts.get("leakage"), facts.get("verdict"), review_sentence(facts)))


def _figures(facts: Mapping[str, Any]) -> list[str]:
    metrics: Mapping[str, Any] = facts.get("metrics") or {}
    others = {role: (facts.get(role) or {}).get("metrics") or {} for role in _OTHERS}
    lines = ["| Test split | This model | 95 % interval | Baseline | Champion |", "|---" * 5 + "|"]
    for name in (name for name in _ABOUT_ALL if name in metrics):
        low, high = (_figure(metrics[name].get(end)) for end in ("low", "high"))
        cells = [titled(name)]
        cells += [_figure(metrics[name].get("value")), f"{low} to {high}" if low and high else ""]
        cells += [_figure(others[role].get(name)) for role in _OTHERS]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _figure(value: Any) -> str:
    return written_figure(value) if isinstance(value, float) else ""


def _cell(text: str) -> str:
    """Return a sentence as Markdown that says nothing but the sentence."""
    plain = " ".join(text.split())[:_CELL]
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#!" else letter for letter in plain)


def _pages(run: WorkflowRun, evaluation: Artifact, version: ModelVersion) -> dict[str, str]:
    """Return the pages to read before one answers, by title."""
    found = {
        "Evaluation, with its plots": f"artifacts/{evaluation.ref.key}",
        "Model": f"artifacts/{version.bundle.key}",
    }
    for one in run.catalog.executions.of_run(run.id):
        if one.output is not None and one.stage == _EXPLAINED:
            found["Explanations of test records"] = f"artifacts/{one.output.key}"
        if one.output is not None and one.stage == _CARDS:
            page = f"artifacts/{one.output.key}/files"
            found |= {title: f"{page}/{name}.html" for name, title in _CARD_TITLES.items()}
    return found
