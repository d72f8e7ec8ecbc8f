"""`Proposer`: what a proposal asks of one modality. What holds for all is `choices` and `write`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from millrace.workflow.proposing.choices import Choices
from millrace.workflow.proposing.seen import Seen
from millrace.workflow.registry import implementation, load


@dataclass(frozen=True)
class Plan:
    """What a modality's sections of a spec are.

    Attributes:
        clean: fields beside the budget. transform, model: lines of YAML, comments among them.
        train: fields.
        target, gate: lines of YAML, where labels are numbers.
        privacy: lines of YAML, of records of people.
        notes: what a person should know before the first run.
    """

    transform: Sequence[str]
    model: Sequence[str]
    train: Mapping[str, Any]
    clean: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    target: Sequence[str] = ()
    gate: Sequence[str] = ()
    privacy: Sequence[str] = ()


S = TypeVar("S", bound=Seen, contravariant=True)


class Proposer(Protocol[S]):
    """A modality.

    Attributes:
        noun: what people call a record.
        remedy: how records get labels.
    """

    noun: str
    remedy: str

    def task(self, seen: S) -> str:
        """Return the task of the spec."""

    def facts(self, seen: S) -> Iterator[tuple[str, str]]:
        """Yield what the contents are like: a name and what is said of it."""

    def plan(self, seen: S, choices: Choices) -> Plan:
        """Return the sections of a spec for what was seen."""


def open_proposer(modality: str) -> Proposer[Any]:
    """Return the proposer of the modality of that name."""
    made: Proposer[Any] = load(implementation("proposer", modality))()
    return made
