"""`model_card`: what a model is for, what it was trained on, how good it is, and where it ends.

After M. Mitchell et al., "Model Cards for Model Reporting", 2019, arXiv:1810.03993.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from millrace.artifacts.artifact import Artifact
from millrace.learning.carding.card import CardDocument, Picture, Section, Table
from millrace.learning.carding.words import count, interval, number
from millrace.workflow.figures import titled
from millrace.workflow.sentences import calibration_sentence, review_sentence

_FEW = 200  # test records under which figures are said to be uncertain
_EXPLAINED = (
    ("explained_errors", "Test records that were mistaken, with what spoke for the predictions"),
    ("explained_sample", "Test records that were not, with what spoke for the predictions"),
)
_PICTURES = (
    ("explained", "Validation records with what spoke for their predictions"),
    ("explanation_checks", "Such maps beside those of networks that learnt nothing"),
    ("confusion_matrix", "Which class was taken for which, on the test records"),
    ("reliability", "How often predictions of each confidence were right"),
)
_NO_DEVICE = (
    "This is not a medical device. It must not be used to diagnose or to treat, nor to rank "
    "patients; it shows how such a model is built and judged."
)
_NOT_STATED = "Not stated by whoever wrote the workflow."

Facts = Mapping[str, Any]


def model_card(
    workflow: Facts,
    bundle: Facts,
    evaluation: Artifact,
    report: Facts,
    dataset: Facts,
    explanations: Artifact | None = None,
) -> CardDocument:
    """Return the card.

    Args:
        workflow: of the spec: ``name``, ``description``, ``task``, ``modality``, ``model``,
            ``card``. bundle: document of ``bundle.json``. evaluation: with its plots.
        report: document of ``report.json``. dataset: facts.
        explanations: of test records, with their plots; None where there are none.
    """
    found = dict(evaluation.facts)
    if explanations is not None:
        found["explanations"] = explanations.facts["sentences"]
    shown = [*_pictures(explanations, _EXPLAINED), *_pictures(evaluation, _PICTURES)]
    sections = [
        _what(workflow, bundle, found),
        Section("Intended use", text=(workflow["card"]["intended_use"] or _NOT_STATED,)),
        _figures(found, report),
        _folds(found),
        _answers(found),
        _explanations(found),
        Section("Limits", text=tuple(_limits(workflow, found, dataset))),
        Section("Pictures", pictures=shown) if shown else None,
    ]
    return CardDocument(
        name="model_card",
        title=f"Model card: {workflow['name']}",
        sections=[one for one in sections if one is not None],
        data={"workflow": dict(workflow), "evaluation": found},
        notice=_NO_DEVICE if workflow["modality"] == "ct" else None,
    )


def _pictures(artifact: Artifact | None, named: Sequence[tuple[str, str]]) -> list[Picture]:
    """Return those of some plots that an artifact has."""
    if artifact is None:
        return []
    return [
        Picture(artifact.path(f"plots/{name}.png"), caption)
        for name, caption in named
        if artifact.has(f"plots/{name}.png")
    ]


def _what(workflow: Facts, bundle: Facts, found: Facts) -> Section:
    training = bundle.get("training") or {}
    facts = [
        ("Workflow", str(workflow["name"])),
        ("Task", str(workflow["task"]).replace("_", " ")),
        ("Classes", ", ".join(bundle.get("labels") or ()) or "a number"),
        ("Model", str(workflow["model"])),
        ("Weights", count(bundle.get("weights"))),
        ("Trained on", f"{count((bundle.get('reference') or {}).get('rows'))} records"),
        ("Epochs", count(training.get("epochs"))),
        ("Bundle", str(found.get("bundle", ""))),
        ("Contact", workflow["card"]["contact"] or "not stated"),
    ]
    text = (str(workflow["description"]),) if workflow["description"] else ()
    return Section("The model", text, facts)


def _figures(found: Facts, report: Facts) -> Section:
    baseline = (found.get("baseline") or {}).get("metrics") or {}
    header = ["Figure", "This model", "95 % interval"]
    header += [f"Baseline ({found['baseline'].get('kind')})"] if baseline else []
    rows = [
        [titled(name), number(one.get("value")), interval(one)]
        + ([number(baseline.get(name))] if baseline else [])
        for name, one in (found.get("metrics") or {}).items()
    ]
    tables = [Table(header, rows), _slices(found), _classes(report)]
    return Section(
        "Figures",
        (f"On {count(found.get('rows'))} test records that took no part in training.",),
        tables=[table for table in tables if table is not None],
    )


def _slices(found: Facts) -> Table | None:
    """Return the main figure of each source, where there are several."""
    slices = found.get("slices") or {}
    if len(slices) < 2:
        return None
    name = "mae" if any("mae" in one for one in slices.values()) else "accuracy"
    rows = []
    for source, one in slices.items():
        figure = one.get(name)
        figure = figure if isinstance(figure, Mapping) else {"value": figure}
        rows.append([source, count(one.get("rows")), number(figure.get("value")), interval(figure)])
    return Table(["Source", "Test records", titled(name), "95 % interval"], rows)


def _classes(report: Facts) -> Table | None:
    classes = report.get("classes") or {}
    if not classes:
        return None
    names = ("precision", "recall", "f1")
    rows = [
        [label, count(one.get("rows", one.get("support"))), *(number(one.get(n)) for n in names)]
        for label, one in classes.items()
    ]
    return Table(["Class", "Test records", *(titled(name) for name in names)], rows)


def _folds(found: Facts) -> Section | None:
    """Return the figures of a cross-validation: mean, spread, and those of each fold."""
    folds = found.get("cross_validation")
    if not folds:
        return None
    metrics = folds["metrics"]
    spread = [
        [titled(name), number(one["mean"]), number(one["spread"]), interval(one)]
        for name, one in metrics.items()
    ]
    names = [name for name in ("accuracy", "roc_auc", "mae", "rmse") if name in metrics]
    each = [
        [str(one["fold"]), count(one["rows"]), *(number(one["metrics"].get(n)) for n in names)]
        for one in folds["folds"]
    ]
    tables = (
        Table(["Figure", "Mean of the folds", "Standard deviation", "Range"], spread),
        Table(["Fold", "Records", *map(titled, names)], each),
    )
    return Section("Figures of each fold", (f"{folds['sentence']}.",), tables=tables)


def _answers(found: Facts) -> Section | None:
    """Return how probabilities become a class, and when a person must look."""
    decision = (found.get("decision") or {}).get("sentence")
    review, calibration = review_sentence(found), calibration_sentence(found)
    facts = [
        *([("Predicted", str(decision))] if decision else []),
        *([("Left to a person", review)] if review else []),
        *([("Calibration", calibration)] if calibration else []),
    ]
    return Section("From probabilities to answers", facts=facts) if facts else None


def _explanations(found: Facts) -> Section | None:
    said = found.get("explanations") or ()
    return Section("Explanations", tuple(str(one) for one in said)) if said else None


def _limits(workflow: Facts, found: Facts, dataset: Facts) -> Iterator[str]:
    yield from workflow["card"]["limits"]
    rows = found.get("rows") or 0
    if rows < _FEW:
        yield (
            f"The figures rest on {rows:,} test records: another {rows:,} would give others, "
            "as wide apart as the intervals."
        )
    if found.get("verdict"):
        yield f"{found['verdict']}."
    if (found.get("baseline") or {}).get("kind") is None:
        yield "No baseline was compared."
    for said in (dataset.get("leakage"), (found.get("shortcuts") or {}).get("sentence")):
        if said:
            yield f"{said}."
    for warning in found.get("warnings") or ():
        yield f"Warning: {warning}."
    yield (
        "The figures hold for records like those of the sources in the data card; nothing is known "
        "of other devices, places, times or people."
    )
