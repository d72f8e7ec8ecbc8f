"""`TableProposer`: the contract of every column, and a small network over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, ClassVar

from millrace.workflow.proposing.choices import Choices
from millrace.workflow.proposing.proposer import Plan
from millrace.workflow.proposing.scalars import comment, flow, harmless, scalar
from millrace.workflow.proposing.table_contract import contract, limits
from millrace.workflow.proposing.table_seen import Numbers, SeenColumn, SeenTable
from millrace.workflow.tables import TableTransform

_STEPS = 2_000  # of training, about
_SHOWN = 12  # columns of a report
_FEW, _MANY = 2_000, 20_000  # training records
_CATEGORIES = 3  # that a comment names
_SKEWED = 10  # medians of the largest label, above which logarithms are learnt


class TableProposer:
    """See `millrace.workflow.proposing.proposer.Proposer`."""

    noun: ClassVar[str] = "record"
    remedy: ClassVar[str] = (
        "Name the column of the labels with --label COLUMN (by its name, or its position from "
        "0), or call it label."
    )

    def task(self, seen: SeenTable) -> str:
        """Return the task that fits the labels."""
        return "tabular_classification" if seen.label is None else "tabular_regression"

    def facts(self, seen: SeenTable) -> Iterator[tuple[str, str]]:
        """Yield the columns, the first of them one by one."""
        used = seen.used
        if seen.label is not None:
            yield "Labels", f"numbers: {_ends(seen.label)}"
        numeric = sum(column.numbers is not None for column in used)
        told = f"{numeric:,} of numbers, {len(used) - numeric:,} of categories"
        left = len(seen.columns) - len(used)
        yield "Columns", f"{told}{f'; {left:,} left out' if left else ''}"
        for column in islice(used, _SHOWN):
            yield "", f"{harmless(column.name)}: {_told(column)}"
        if len(used) > _SHOWN:
            yield "", f"and {len(used) - _SHOWN:,} more"

    def plan(self, seen: SeenTable, choices: Choices) -> Plan:
        """Return a network whose width fits the number of records."""
        return Plan(
            transform=list(_transform(seen)),
            model=list(_model(seen, choices)),
            train={
                "epochs": choices.epochs(_STEPS, 15, 60),
                "learning_rate": 0.003,
                "warmup": 0.1,
                "average_weights": 0.98 if choices.train < _MANY else 0.995,
            },
            notes=list(_notes(seen)),
            target=list(_target(seen.label)),
            gate=list(_gate(seen.label)),
        )


def _target(label: Numbers | None) -> Iterator[str]:
    if label is None:
        return
    low, high = limits(label)
    yield from comment(
        f"Labels are numbers: {_ends(label)}. Those outside of the range go to quarantine, and "
        "predictions stay within it. `unit: ...` names their unit."
    )
    skewed = label.low > 0 and label.high > _SKEWED * label.median
    fields = {"low": low, "high": high} | ({"transform": "log"} if skewed else {})
    yield f"target: {flow(fields)}"
    if skewed:
        yield from comment("Few are far larger than most, so their logarithm is learnt.")
    yield ""


def _gate(label: Numbers | None) -> Iterator[str]:
    if label is None:
        return
    yield from comment(
        "R2 is 0 where a model is as good as always the mean, and 1 without an error. Raise this "
        "once you know what can be reached."
    )
    yield "gate: {r2: 0.05, by: rmse}"


def _ends(label: Numbers) -> str:
    return f"{label.low:.6g} to {label.high:.6g}, median {label.median:.6g}"


def _transform(seen: SeenTable) -> Iterator[str]:
    yield from comment(
        "The data contract: columns that are not named here are ignored, and a record that breaks "
        "it goes to quarantine with the names of the fields. Limits leave room for as much again "
        "as was seen; beside each column is what was seen of it."
    )
    yield "transform:"
    if seen.missing_words:
        usual = TableTransform.model_fields["missing_words"].default
        words = ", ".join(scalar(word) for word in (*usual, *seen.missing_words))
        yield f"  missing_words: [{words}]"
    yield "  columns:"
    for column in seen.used:
        said = flow(_quoted(contract(column)))
        yield f"    {_key(column.name)}: {said}  # {_told(column)}"
    left = [column for column in seen.columns if column.left_out is not None]
    for column in left:
        yield from comment(f"{harmless(column.name)} is left out: {column.left_out}.", "    ")


def _key(name: str) -> str:
    """Return a column's name as a key; one too long for a plain key as an explicit one."""
    text = scalar(name)
    return text if len(text) <= 1_000 else f"? {text}\n    "


def _quoted(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with its texts from data quoted."""
    if "categories" not in document:
        return dict(document)
    names = ", ".join(scalar(name) for name in document["categories"])
    return {**document, "categories": f"[{names}]"}


def _told(column: SeenColumn) -> str:
    """Return what was seen of a column."""
    if column.numbers is not None:
        found = column.numbers
        said = f"{found.low:.6g} to {found.high:.6g}, median {found.median:.6g}"
    else:
        shown = ", ".join(harmless(name) for name in column.categories[:_CATEGORIES])
        more = ", …" if column.distinct > _CATEGORIES else ""
        said = f"{column.distinct:,} categories: {shown}{more}"
    if column.missing:
        said += f"; {column.missing / column.rows:.1%} missing"
    if column.odd:
        said += f"; {column.odd:,} values are no numbers"
    return said


def _model(seen: SeenTable, choices: Choices) -> Iterator[str]:
    train = choices.train
    hidden = [32, 16] if train < _FEW else [64, 32] if train < _MANY else [128, 64]
    yield from comment(
        f"About {seen.learnable:,} records to learn from. Means, spreads, medians and "
        "vocabularies are learnt on the training split."
    )
    features = {"scale": "standard"}
    yield f"model: {flow({'kind': 'table_mlp', 'hidden': hidden, 'features': features})}"
    yield from comment(
        "Trees are hard to beat on tables: the report compares, and `candidate: true` lets them be "
        "chosen."
    )
    yield "baseline: {kind: gradient_boosting}"


def _notes(seen: SeenTable) -> Iterator[str]:
    left = [f"{harmless(c.name)} ({c.left_out})" for c in seen.columns if c.left_out is not None]
    if left:
        more = f" and {len(left) - _SHOWN:,} more" if len(left) > _SHOWN else ""
        yield f"these columns are not learnt from: {'; '.join(left[:_SHOWN])}{more}."
    if seen.missing_words:
        words = ", ".join(repr(harmless(word)) for word in seen.missing_words)
        yield f"{words} seems to mean a missing value, and is written down as one."
