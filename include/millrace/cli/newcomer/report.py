"""`tell`: what was seen of some data, in a screenful."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Console

from millrace.cli.quarantining.cells import cell
from millrace.cli.tables import table
from millrace.workflow.proposing.choices import Choices
from millrace.workflow.proposing.seen import Seen

_SHOWN = 8  # classes
_LONGEST = 40  # characters of a class
_HOUR = 3e9  # pixels that a processor trains on in an hour, about


def tell(console: Console, seen: Seen, choices: Choices) -> None:
    """Print the report, and what to know of it."""
    rows = table("", "")
    rows.show_header = False
    for name, text in _facts(seen):
        rows.add_row(name, text)
    console.print(rows)
    for note in _notes(seen, choices):
        console.print(f"Note: {note}")


def _facts(seen: Seen) -> Iterator[tuple[str, str]]:
    formats = f" ({_counted(seen.formats)})" if seen.formats else ""
    yield "Format", cell(f"{seen.format}{formats}", 200)
    looked = "" if seen.looked_at == seen.total else f"; looked at {seen.looked_at:,} of them"
    yield "Pictures", f"{seen.total:,}{looked}"
    yield "Classes", f"{len(seen.classes):,} – {_classes(seen)}"
    yield "Height", f"{seen.heights} pixels"
    yield "Width", f"{seen.widths} pixels"
    stored = f"stored as {_counted(seen.modes)}"
    yield "Colours", f"{'colour' if seen.colour else 'grey'}, {cell(stored)}"
    yield "Refused", cell(_counted(seen.refused) or "none", 200)
    yield "Duplicates", f"{seen.duplicates:,} exact, {seen.near_duplicates:,} near"


def _classes(seen: Seen) -> str:
    ordered = sorted(seen.classes.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{cell(label, _LONGEST)} ({count:,})" for label, count in ordered[:_SHOWN]]
    more = f" and {len(ordered) - _SHOWN:,} more" if len(ordered) > _SHOWN else ""
    return ", ".join(shown) + more


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _notes(seen: Seen, choices: Choices) -> Iterator[str]:
    if seen.coloured and not seen.colour:
        yield (
            f"{seen.coloured:,} of the grey pictures are tinted; the workflow takes all as grey, "
            "so that no tint tells the class."
        )
    if seen.looked_at < seen.total:
        yield "counts are of a sample; a run looks at all pictures, and may find more classes."
    if choices.left_out:
        names = ", ".join(repr(label) for label in choices.left_out[:_SHOWN])
        yield (
            f"{len(choices.left_out):,} classes have fewer than {choices.smallest} pictures and "
            f"are left out: {names}. Give them more."
        )
    share = sum(seen.refused.values()) / max(seen.looked_at, 1)
    if choices.budget:
        yield f"{share:.0%} of the pictures were refused; the workflow allows for that."
    height, width = choices.size
    if seen.learnable * choices.epochs * height * width > _HOUR:
        yield (
            "training may take more than an hour on a processor; `--param epochs=2` gives a first "
            "look, `--limit 5000` a quick one."
        )
    if seen.learnable < 50 * len(seen.classes):
        yield (
            "there are few pictures of each class; figures will be rough until there are a hundred "
            "or more."
        )
