"""`data_card`: where the records came from, what became of them, and what that means for figures.

After T. Gebru et al., "Datasheets for Datasets", 2021, arXiv:1803.09010.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.learning.carding.card import CardDocument, Section, Table
from millrace.learning.carding.words import count, number, share
from millrace.workflow.figures import titled

_SIDES = ("train", "validation", "test")

Facts = Mapping[str, Any]


def data_card(workflow: Facts, dataset: Facts, certified: str) -> CardDocument:
    """Return the card.

    Args:
        workflow: of the spec: ``name``, ``sources``, ``split``, ``card``. dataset: facts.
        certified: a sentence on de-identification.
    """
    return CardDocument(
        name="data_card",
        title=f"Data card: {workflow['name']}",
        sections=[
            _sources(workflow),
            _records(dataset),
            _labels(dataset),
            _refused(dataset),
            _split(workflow, dataset),
            Section("De-identification", (certified,)),
        ],
        data={"sources": list(workflow["sources"]), "dataset": dict(dataset)},
    )


def _sources(workflow: Facts) -> Section:
    rows = [
        [one["name"], one["kind"], one.get("split") or "shared out"] for one in workflow["sources"]
    ]
    contact = workflow["card"]["contact"] or "not stated"
    return Section(
        "Sources", facts=[("Contact", contact)], tables=[Table(["Source", "Kind", "Side"], rows)]
    )


def _records(dataset: Facts) -> Section:
    counts = dataset.get("counts") or {}
    names = ("received", "accepted", "quarantined", "duplicates")
    near = dataset.get("near_duplicates") or {}
    text = []
    if near.get("records"):
        text.append(
            f"{count(near['records'])} records look almost like another one and form "
            f"{count(near['families'])} families, each of which is on one side of the split."
        )
    return Section("Records", text, [(titled(name), count(counts.get(name))) for name in names])


def _labels(dataset: Facts) -> Section:
    classes = dataset.get("class_counts") or {}
    if classes:
        labels = list(dataset.get("labels") or next(iter(classes.values())))
        rows = [
            [label, *(count((classes.get(side) or {}).get(label, 0)) for side in _SIDES)]
            for label in labels
        ]
        return Section("Classes", tables=[Table(["Class", *map(titled, _SIDES)], rows)])
    values = dataset.get("values") or {}
    names = ("low", "median", "high")
    rows = [
        [titled(side), *(number((values.get(side) or {}).get(name)) for name in names)]
        for side in _SIDES
    ]
    return Section("Labels are numbers", tables=[Table(["Side", *map(titled, names)], rows)])


def _refused(dataset: Facts) -> Section:
    reasons = dataset.get("by_reason") or {}
    if not reasons:
        return Section("Quarantine", ("No record was refused.",))
    rows = [[reason, count(number)] for reason, number in reasons.items()]
    return Section("Quarantine", tables=[Table(["Reason", "Records refused"], rows)])


def _split(workflow: Facts, dataset: Facts) -> Section:
    split, rows = workflow["split"], dataset.get("rows") or {}
    shares = f"{share(split['validation'])} validation and {share(split['test'])} test"
    grouped = f"{split['group']} where the source gives none"
    text = [f"By a hash of each record's group ({grouped}); {shares}, seed {split['seed']}."]
    if dataset.get("leakage"):
        text.append(f"{dataset['leakage']}.")
    text += [f"Warning: {one}." for one in dataset.get("warnings") or ()]
    return Section("Split", text, [(titled(side), count(rows.get(side))) for side in _SIDES])
