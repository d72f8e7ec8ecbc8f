"""`propose`: a workflow for what was seen, tried against the real split where all was seen."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from millrace.errors import DataError, shorten
from millrace.jobs.looking import Look
from millrace.workflow.loader import load_file
from millrace.workflow.proposing.choices import SMALLEST_CLASS, Choices, choose
from millrace.workflow.proposing.proposer import Plan, Proposer, open_proposer
from millrace.workflow.proposing.seen import Seen
from millrace.workflow.proposing.write import write_spec
from millrace.workflow.spec import WorkflowSpec

_SEEDS = range(7, 13)
_SEEDS_OF_GROUPS = range(7, 47)  # whole groups are moved: fewer splits have all of every class
_SMALLEST = (SMALLEST_CLASS, 6, 12, 25)  # records of a class, by and by
_FEWEST = 2  # classes
_PLENTY = 60  # records of every class: any split has all of them


@dataclass(frozen=True)
class Proposal:
    """A workflow.

    Attributes:
        text: of its file, valid. choices, plan: behind it.
    """

    text: str
    choices: Choices
    plan: Plan


def propose(name: str, seen: Seen, look: Look) -> Proposal:
    """Return a workflow that runs.

    Raises:
        DataError: there is nothing to learn from.
    """
    proposer = open_proposer(seen.modality)
    _check(seen, proposer)
    problem: DataError | None = None
    seeds = _SEEDS if seen.units == seen.classes else _SEEDS_OF_GROUPS
    tried: set[tuple[str, ...]] = set()
    for smallest in _SMALLEST:
        left_out = choose(seen, seeds[0], smallest).left_out
        if left_out in tried:
            continue
        tried.add(left_out)
        for seed in seeds:
            choices = choose(seen, seed, smallest)
            if seen.tells_classes and len(seen.classes) - len(choices.left_out) < _FEWEST:
                break
            plan = proposer.plan(seen, choices)
            proposal = Proposal(write_spec(name, seen, choices, plan), choices, plan)
            spec = _load(name, proposal.text)
            problem = None if _safe(seen, choices) else look.splits(spec)
            if problem is None:
                return proposal
    raise problem or _too_few(seen, proposer.noun)


def _check(seen: Seen, proposer: Proposer[Any]) -> None:
    """Refuse what no model can be made of."""
    where, noun = seen.format, proposer.noun
    if not seen.classes and seen.unlabelled == seen.looked_at:
        raise DataError(
            f"there is nothing to learn from: no {noun} has a label",
            where=where,
            remedy=proposer.remedy,
        )
    if not seen.classes:
        told = ", ".join(f"{count:,} {reason}" for reason, count in seen.refused.items())
        raise DataError(f"no {noun} can be used", where=where, received=told or "no record")
    if len(seen.classes) < _FEWEST:
        raise DataError(
            f"there is nothing to tell apart: all {noun}s are of one class",
            where=where,
            expected="at least two classes",
            received=next(iter(seen.classes)),
            remedy=f"Name what holds the other classes, too. {proposer.remedy}",
        )


def _too_few(seen: Seen, noun: str) -> DataError:
    counts = ", ".join(
        f"{shorten(repr(label), 40)} {count:,}" for label, count in list(seen.classes.items())[:5]
    )
    return DataError(
        f"the classes have too few {noun}s",
        where=seen.format,
        expected=f"at least two classes of three {noun}s, better a hundred each",
        received=counts,
    )


def _safe(seen: Seen, choices: Choices) -> bool:
    """Whether the split need not be tried: not all was looked at, or every class is large."""
    if not seen.tells_classes:
        return seen.looked_at < seen.total or seen.accepted >= _PLENTY
    kept = [count for label, count in seen.units.items() if label not in choices.left_out]
    return seen.looked_at < seen.total or min(kept) >= _PLENTY


def _load(name: str, text: str) -> WorkflowSpec:
    """Return the spec that a text describes; every proposal is read back before it is used."""
    with tempfile.TemporaryDirectory(prefix="millrace-new-") as folder:
        path = Path(folder, f"{name}.yaml")
        path.write_text(text, encoding="utf-8")
        return load_file(path)
