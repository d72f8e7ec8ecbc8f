"""`compare`: what a person's edited rows change of the records that a run collected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from millrace.data.correcting.door import Door
from millrace.data.correcting.edited import EditedRow
from millrace.data.corrections import raw_label
from millrace.data.modality import Content, Modality, open_modality
from millrace.jobs.corrections import KnownRecord, Row
from millrace.workflow.spec import WorkflowSpec


@dataclass
class Changes:
    """What edited rows come to.

    Attributes:
        rows: corrections, by source. labels, contents: how many change which.
        unchanged: rows that say what the record says already.
        problems: rows that cannot be meant, each with its line.
        new_labels: words that no record of the run has, with the number of rows.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    labels: int = 0
    contents: int = 0
    unchanged: int = 0
    problems: list[str] = field(default_factory=list)
    new_labels: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """Number of corrected records."""
        return sum(len(rows) for rows in self.rows.values())


def compare(
    edited: Iterable[EditedRow],
    known: Mapping[str, KnownRecord],
    spec: WorkflowSpec,
    seen_labels: Sequence[str],
) -> Changes:
    """Compare edited rows with records.

    Args:
        edited: rows. known: records by id.
        spec: of the workflow. seen_labels: those of the run's data set; empty: not known.
    """
    modality = open_modality(spec.modality)
    maps = {source.name: source.label_map for source in spec.sources}
    doors, changes = _doors(spec), Changes()
    for row in edited:
        record = known.get(row.record_id)
        if record is None:
            changes.problems.append(f"{row.place}: no record {row.record_id!r} in the run")
            continue
        label_map = maps.get(record.source, {})
        door = doors.get(record.source)
        label = _label(row, record, label_map, spec, door, changes)
        content = _content(row, record, modality, door, changes)
        if label is None and content is None:
            changes.unchanged += 1
            continue
        changes.labels += label is not None
        changes.contents += content is not None
        if label is not None and seen_labels and label not in seen_labels:
            changes.new_labels[label] += 1
        changes.rows.setdefault(record.source, []).append(_merged(record, label, content))
    return changes


def _doors(spec: WorkflowSpec) -> dict[str, Door]:
    """Return where corrections of identified sources come in, by source."""
    identified = [source for source in spec.sources if spec.sensitivity([source.kind])]
    return {document["name"]: Door(document) for document in spec.documents(identified)}


def _label(
    row: EditedRow,
    record: KnownRecord,
    label_map: Mapping[str, str | None],
    spec: WorkflowSpec,
    door: Door | None,
    changes: Changes,
) -> str | None:
    """Return the new label; None where it stays."""
    if row.label in (None, _shown(record, label_map)):
        return None
    problem = spec.label_problem(str(row.label))
    if problem is None and door is not None:
        problem = door.label_problem(str(row.label))
    if problem is not None:
        changes.problems.append(f"{row.place}: {problem}")
    elif raw_label(str(row.label), label_map) is None:
        changes.problems.append(f"{row.place}: label_map lets no record have {row.label!r}")
    return row.label


def _shown(record: KnownRecord, label_map: Mapping[str, str | None]) -> str | None:
    """Return the record's label as quarantine shows it."""
    change = record.correction
    if change is not None and change["label"] is not None:
        return str(change["label"])
    word = (record.label or "").strip()
    return label_map.get(word, word) or word or None


def _content(
    row: EditedRow,
    record: KnownRecord,
    modality: Modality,
    door: Door | None,
    changes: Changes,
) -> Content | None:
    """Return the new content; None where it stays."""
    if row.file is None:
        return None
    data, was = row.file.read_bytes(), record.counts_as
    shown = modality.as_file(was, record.origin)
    if shown is not None and shown[0] == data:
        return None
    made = modality.from_file(data, was)
    if made is None:
        said = f"cannot be read as a {modality.noun}"
        changes.problems.append(f"{row.place}: {row.file.name} {said}")
        return data, was[1]
    if modality.same(made, was):
        return None
    if door is not None:
        try:
            made = door.content(made, was)
        except ValueError as error:
            changes.problems.append(f"{row.place}: {row.file.name} {error}")
    return None if modality.same(made, was) else made


def _merged(record: KnownRecord, label: str | None, content: Content | None) -> Row:
    """Return the correction with what an earlier one says of the rest."""
    earlier: Mapping[str, Any] = record.correction or {}
    kept = earlier.get("content"), earlier.get("encoding")
    data, encoding = kept if content is None else content
    return {
        "record_id": record.record_id,
        "original": record.original,
        "label": label if label is not None else earlier.get("label"),
        "content": data,
        "encoding": encoding,
    }
