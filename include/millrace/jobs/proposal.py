"""`propose`: a workflow for what was seen, tried against the real split where all was seen."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from millrace.errors import DataError
from millrace.jobs.looking import Look
from millrace.workflow.loader import load_file
from millrace.workflow.proposing.choices import SMALLEST_CLASS, Choices, choose
from millrace.workflow.proposing.seen import Seen
from millrace.workflow.proposing.text import write_spec
from millrace.workflow.spec import WorkflowSpec

_SEEDS = range(7, 13)
_SMALLEST = (SMALLEST_CLASS, 6, 12, 25)  # records of a class, by and by
_FEWEST = 2  # classes
_PLENTY = 60  # records of every class: any split has all of them


@dataclass(frozen=True)
class Proposal:
    """A workflow.

    Attributes:
        text: of its file, valid. choices: behind it.
    """

    text: str
    choices: Choices


def propose(name: str, seen: Seen, look: Look) -> Proposal:
    """Return a workflow that runs.

    Raises:
        DataError: there is nothing to learn from.
    """
    _check(seen)
    problem: DataError | None = None
    for smallest in _SMALLEST:
        for seed in _SEEDS:
            choices = choose(seen, seed, smallest)
            if len(seen.classes) - len(choices.left_out) < _FEWEST:
                break
            proposal = Proposal(write_spec(name, seen, choices), choices)
            spec = _load(name, proposal.text)
            problem = None if _safe(seen, choices) else look.splits(spec)
            if problem is None:
                return proposal
    raise problem or _too_few(seen)


def _check(seen: Seen) -> None:
    """Refuse what no model can be made of."""
    where = seen.format
    if not seen.classes and seen.unlabelled == seen.looked_at:
        raise DataError(
            "there is nothing to learn from: no picture has a label",
            where=where,
            remedy="Sort the pictures into one folder a class, or put a labels.csv with the "
            "columns file and label beside them.",
        )
    if not seen.classes:
        told = ", ".join(f"{count:,} {reason}" for reason, count in seen.refused.items())
        raise DataError("no picture can be used", where=where, received=told or "no record")
    if len(seen.classes) < _FEWEST:
        raise DataError(
            "there is nothing to tell apart: all pictures are of one class",
            where=where,
            expected="at least two classes",
            received=next(iter(seen.classes)),
            remedy="Name the folder whose subfolders are the classes, or give the pictures labels "
            "in a labels.csv beside them.",
        )


def _too_few(seen: Seen) -> DataError:
    counts = ", ".join(f"{label!r} {count:,}" for label, count in list(seen.classes.items())[:5])
    return DataError(
        "the classes have too few pictures",
        where=seen.format,
        expected="at least two classes of three pictures, better a hundred each",
        received=counts,
    )


def _safe(seen: Seen, choices: Choices) -> bool:
    """Whether the split need not be tried: not all was looked at, or every class is large."""
    kept = [count for label, count in seen.classes.items() if label not in choices.left_out]
    return seen.looked_at < seen.total or min(kept) >= _PLENTY


def _load(name: str, text: str) -> WorkflowSpec:
    """Return the spec that a text describes; every proposal is read back before it is used."""
    with tempfile.TemporaryDirectory(prefix="millrace-new-") as folder:
        path = Path(folder, f"{name}.yaml")
        path.write_text(text, encoding="utf-8")
        return load_file(path)
