"""`tell`: what was seen of some data, in a screenful."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Console

from millrace.cli.quarantining.cells import cell
from millrace.cli.tables import table
from millrace.jobs.proposal import Proposal
from millrace.workflow.proposing.proposer import open_proposer
from millrace.workflow.proposing.seen import Seen

_SHOWN = 8  # classes
_LONGEST = 40  # characters of a class
_LINE, _NOTE = 200, 1_000  # characters of a fact and of a note


def tell(console: Console, seen: Seen, proposal: Proposal) -> None:
    """Print the report, and what to know of it."""
    rows = table("", "")
    rows.show_header = False
    for name, text in _facts(seen):
        rows.add_row(name, text)
    console.print(rows)
    for note in _notes(seen, proposal):
        console.print(f"Note: {cell(note, _NOTE)}")


def _facts(seen: Seen) -> Iterator[tuple[str, str]]:
    proposer = open_proposer(seen.modality)
    yield "Format", cell(seen.format, _LINE)
    looked = "" if seen.looked_at == seen.total else f"; looked at {seen.looked_at:,} of them"
    yield f"{proposer.noun.capitalize()}s", f"{seen.total:,}{looked}"
    if seen.tells_classes:
        yield "Classes", f"{len(seen.classes):,} – {_classes(seen)}"
    for name, text in proposer.facts(seen):
        yield name, cell(text, _LINE)
    yield "Refused", cell(_counted(seen.refused) or "none", _LINE)
    yield "Duplicates", f"{seen.duplicates:,} exact, {seen.near_duplicates:,} near"


def _classes(seen: Seen) -> str:
    ordered = sorted(seen.classes.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{cell(label, _LONGEST)} ({count:,})" for label, count in ordered[:_SHOWN]]
    more = f" and {len(ordered) - _SHOWN:,} more" if len(ordered) > _SHOWN else ""
    return ", ".join(shown) + more


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _notes(seen: Seen, proposal: Proposal) -> Iterator[str]:
    noun, choices = open_proposer(seen.modality).noun, proposal.choices
    yield from seen.notes
    if seen.looked_at < seen.total:
        yield f"counts are of a sample; a run looks at all {noun}s, and may find more classes."
    if choices.left_out:
        names = ", ".join(repr(label) for label in choices.left_out[:_SHOWN])
        yield (
            f"{len(choices.left_out):,} classes have fewer than {choices.smallest} {noun}s and "
            f"are left out: {names}. Give them more."
        )
    share = sum(seen.refused.values()) / max(seen.looked_at, 1)
    if choices.budget:
        yield f"{share:.0%} of the {noun}s were refused; the workflow allows for that."
    yield from proposal.plan.notes
    if choices.positive is not None:
        yield (
            f"the classes are uneven: {choices.positive!r} is taken for the one that is looked for "
            "(`decision`), and classes are weighed in training."
        )
    if seen.tells_classes and seen.learnable < 50 * len(seen.classes):
        yield (
            f"there are few {noun}s of each class; figures will be rough until there are a hundred "
            "or more."
        )
