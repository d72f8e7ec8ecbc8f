"""Sensitivity in jobs: how labels propagate, what lowers one, and what refuses them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.labels import highest, refusal
from millrace.errors import DataError
from millrace.jobs.stages import Stage
from millrace.privacy.certificate import FILE, has_passed
from millrace.workflow.stage import StageResult

_PSEUDONYM = re.compile(
    r"([A-Z]-[A-Z2-7]{16}|2\.25\.\d{1,39}|[0-9a-f]{16,128})([/;:,=\-.]([A-Z]-[A-Z2-7]{16}|\w{0,8}))*"
)
"""What stands for a name: a keyed pseudonym, a UID made from one, a digest; with a short suffix."""


def label_of(request: str, inputs: Mapping[str, Sequence[Artifact]]) -> str:
    """Return the label of what a job reads: the highest of its inputs and of its sources.

    Args:
        request: label of what it reads outside the store. inputs: artifacts by role.
    """
    read = (one.manifest.sensitivity for artifacts in inputs.values() for one in artifacts)
    return highest([request, *read])


def label_after(stage: Stage, label: str, result: StageResult, output: Path) -> str:
    """Return the label of what a stage made of labelled input.

    Only a stage that de-identifies lowers it, and only by a certificate that passed and speaks of
    every record of the result.
    """
    path = output / FILE
    if not label or not stage.deidentifies or not path.is_file():
        return label
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
        counts = document["records"]
        covered = int(counts["stored"]) + sum(int(n) for n in counts["withheld"].values())
    except (ValueError, KeyError, TypeError, AttributeError):
        return label
    return "" if has_passed(document) and covered == _received(result) else label


def _received(result: StageResult) -> int:
    """Return how many records a stage read, those that it left out on purpose, too."""
    return (result.rows or 0) + int(result.facts.get("forgotten", 0))


def refuse_labelled(artifacts: Iterable[Artifact], doing: str) -> None:
    """Raise `Withheld` where one of the artifacts has a label.

    Args:
        doing: what was asked for, ``a report``.
    """
    for one in artifacts:
        if one.manifest.sensitivity:
            where = f"{one.manifest.kind} {one.manifest.digest[:12]}"
            raise refusal(doing, where=where)


def check_facts(facts: Mapping[str, Any], locations: Mapping[str, Any]) -> None:
    """Refuse partitions of identified sources that would carry names into Airflow and the catalog.

    Allowed are pseudonyms, digests, and words of the sources' own documents.

    Args:
        facts: of a labelled result; those of other stages hold no partitions.
        locations: of the request, with the sources' documents.

    Raises:
        DataError: a partition holds another text; which one is not said.
    """
    known = set(_texts(locations))
    for one in facts.get("partitions", ()):
        if any(text not in known and not _PSEUDONYM.fullmatch(text) for text in _texts(one)):
            raise DataError(
                "a partition of identified input is named by more than a pseudonym",
                where=f"source {one.get('source')}",
                expected="pseudonyms and digests only",
                remedy="Use a source that names its partitions by pseudonyms (`dicom`), or collect "
                "the records into a single file first.",
            )


def _texts(value: Any) -> Iterator[str]:
    """Yield the strings among JSON values."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value
