"""`choose_threshold`: the threshold of a decision, for its goal, on the validation split.

A threshold lies halfway between two probabilities that were seen, so that rounding elsewhere does
not move a record across it. That mistakes about two classes cost one number each is no restriction:
C. Elkan, "The Foundations of Cost-Sensitive Learning", IJCAI 2001.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.errors import DataError, SpecError
from millrace.learning.evaluation.counts import Counts, count
from millrace.learning.evaluation.ranking import Ranking
from millrace.learning.gating.check import figures as told_apart
from millrace.workflow.decision import Decision, Goal

Numbers = npt.NDArray[np.float64]

NEVER = float(np.nextafter(1.0, 2.0))
"""A threshold that no probability reaches."""

_UNCHOSEN = 0.5
_SHOWN = ("precision", "recall", "f1", "matthews", "cost")
log = logging.getLogger(__name__)


def check_decision(decision: Decision, labels: Sequence[str], rows: Sequence[int]) -> None:
    """Refuse a decision that this data does not allow; say so before anything is fitted.

    Args:
        decision: of the spec. labels: the classes of the data.
        rows: validation records of each class.

    Raises:
        SpecError: the classes are not two, or not those that it names.
        DataError: the validation split has no record of one of them.
    """
    problem = decision.problem(labels)
    if problem is not None:
        raise SpecError(
            problem,
            where="decision",
            expected="two classes, named as the data names them",
            received=", ".join(labels),
            remedy="Correct `decision`, or the sources' label_map.",
        )
    if decision.positive is not None and not all(rows):
        raise DataError(
            "no threshold can be chosen without validation records of both classes",
            where="validation split",
            expected=f"records of {' and of '.join(labels)}",
            received=dict(zip(labels, rows, strict=True)),
            remedy="Raise `split.validation`, change `split.seed`, or give more records.",
        )


def choose_threshold(
    decision: Decision,
    labels: Sequence[str],
    answers: Iterable[tuple[npt.NDArray[np.integer], npt.NDArray[np.float32]]],
) -> dict[str, Any]:
    """Choose the threshold and log how.

    Args:
        decision: of the spec, with a positive class. labels: the two classes.
        answers: of the model to validation records: places of their labels (rows,) with its
            probabilities (rows, 2), part by part.

    Returns:
        ``positive``, ``threshold``; ``abstain``, where asked for; ``goal`` and ``costs``, None
        where not asked for; ``value``, of the goal's figure; ``reached``, None where the goal is no
        bound; ``validation``: ``rows``, ``positives`` and the positive class's figures;
        ``sentence``.

    Raises:
        SpecError, DataError: as `check_decision`.
    """
    parts = list(answers)
    rows = [sum(int(np.sum(part == index)) for part, _ in parts) for index in range(len(labels))]
    check_decision(decision, labels, rows)
    classes, probabilities = (np.concatenate(side) for side in zip(*parts, strict=True))
    positive, goal = labels.index(str(decision.positive)), decision.goal
    score = probabilities[:, positive].astype(np.float64)
    costs = None if decision.costs is None else np.array([decision.costs[c] for c in labels])
    threshold = _UNCHOSEN
    if goal is not None:
        threshold = _best(goal, labels, positive, costs, *_candidates(score, classes, positive))
    predicted = np.where(score >= threshold, positive, 1 - positive)
    counts = count(classes, predicted, 2)
    figures = counts.figures(positive, costs)
    document = {
        "positive": decision.positive,
        "threshold": threshold,
        "costs": decision.costs,
        "validation": {
            "rows": len(classes),
            "positives": rows[positive],
            **{name: float(figures[name]) for name in _SHOWN if name in figures},
        },
        **_outcome(goal, labels, counts, figures),
    }
    if decision.abstain is not None:
        document["abstain"] = decision.abstain.model_dump()
    document["sentence"] = _sentence(document, goal)
    level = logging.WARNING if document["reached"] is False else logging.INFO
    log.log(level, "%s", document["sentence"])
    return document


def _outcome(
    goal: Goal | None, labels: Sequence[str], counts: Counts, figures: Mapping[str, Numbers]
) -> dict[str, Any]:
    """Return ``goal``, ``value`` and ``reached``."""
    if goal is None:
        return {"goal": None, "value": None, "reached": None}
    value = float(_values(goal, labels, counts, figures))
    reached = None if goal.at_least is None else value >= goal.at_least
    return {"goal": goal.model_dump(exclude_none=True), "value": value, "reached": reached}


def _candidates(
    score: Numbers, classes: npt.NDArray[np.integer], positive: int
) -> tuple[Numbers, Counts]:
    """Return every threshold that makes a difference, (n,), and what it counts, (n, 2)."""
    ranking = Ranking(score, classes == positive)
    taken = ranking.taken()
    halfway = (ranking.scores[:-1] + ranking.scores[1:]) / 2
    thresholds = np.concatenate([[NEVER], halfway, [0.0]])
    predicted = np.append(0.0, taken.rows)
    hits = np.append(0.0, taken.hits)
    truth = np.bincount(classes, minlength=2).astype(np.float64)
    rejected = len(score) - predicted
    right = truth[1 - positive] - (predicted - hits)
    order = [positive, 1 - positive]
    return thresholds, Counts(
        hits=np.stack([hits, right], axis=-1)[:, order],
        truth=np.broadcast_to(truth, (len(thresholds), 2)),
        predicted=np.stack([predicted, rejected], axis=-1)[:, order],
    )


def _best(
    goal: Goal,
    labels: Sequence[str],
    positive: int,
    costs: Numbers | None,
    thresholds: Numbers,
    counts: Counts,
) -> float:
    """Return the threshold that serves the goal, of equal ones the one nearest to 0.5."""
    figures = counts.figures(positive, costs)
    values = _values(goal, labels, counts, figures)
    if goal.at_least is not None:
        lacks = np.maximum(goal.at_least - values, 0)
    else:
        lacks = values if goal.least else -values
    order = np.lexsort((np.abs(thresholds - _UNCHOSEN), -figures["f1"], lacks))
    return float(thresholds[order[0]])


def _values(
    goal: Goal, labels: Sequence[str], counts: Counts, figures: Mapping[str, Numbers]
) -> Numbers:
    """Return the figure that the goal is about."""
    if goal.of is None:
        return figures["cost"]
    return counts.figures(labels.index(goal.of))[_figure(goal)]


def _figure(goal: Goal) -> str:
    if goal.of is None:
        return "cost"
    return "precision" if goal.precision_of else "recall" if goal.recall_of else "f1"


def _sentence(document: Mapping[str, Any], goal: Goal | None) -> str:
    """Say what was decided, and how far the goal is reached."""
    rule = f"{document['positive']} from a probability of {document['threshold']:.4g} on"
    if document["threshold"] >= NEVER:
        rule = f"never {document['positive']}"
    if goal is None:
        return rule
    of = "mistakes a record" if goal.of is None else goal.of
    figure = {"f1": "F1"}.get(_figure(goal), _figure(goal))
    limit = document["value"] if goal.at_least is None else goal.at_least
    value, asked = told_apart(document["value"], limit)[0], f"{limit:.10g}"
    said = f"{rule}: {figure} of {of} is {value} on the validation split"
    if goal.at_least is None:
        return f"{said}, the {'lowest' if goal.least else 'highest'} of all thresholds"
    if document["reached"]:
        return f"{said}, at least {asked} as asked"
    return f"{said}, the nearest to {asked}, which no threshold reaches"
