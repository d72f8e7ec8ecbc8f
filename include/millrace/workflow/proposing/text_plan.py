"""`TextProposer`: a network for texts that fits how many there are and how long they are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from millrace.workflow.proposing.choices import Choices
from millrace.workflow.proposing.proposer import Plan
from millrace.workflow.proposing.scalars import comment, flow
from millrace.workflow.proposing.text_seen import SeenTexts

_STEPS = 1_000  # of training, about
_FEW = 1_000  # training texts, below which order tells less than the words themselves
_LONG = 100  # words of a middling text, above which the network sees only its start
_FIRST = 300  # words, and the marks between them, of such a start
_WITHOUT_SPACES = frozenset(("zh", "ja", "th", "lo", "km", "my"))
_LANGUAGES = 4  # that are shown
_SELDOM = 0.02  # share of texts, below which a language is more likely a mistake
_ROOM = 10  # times the longest text that was seen
_SHORTEST_LIMIT = 1_000  # characters


class TextProposer:
    """See `millrace.workflow.proposing.proposer.Proposer`."""

    noun: ClassVar[str] = "text"
    remedy: ClassVar[str] = (
        "Sort the files into one folder a class, name several archives or folders whose names are "
        "the labels (--from ham.zip --from spam.zip), or give a table a column named label."
    )

    def task(self, seen: SeenTexts) -> str:
        """Return the only task."""
        del seen
        return "text_classification"

    def facts(self, seen: SeenTexts) -> Iterator[tuple[str, str]]:
        """Yield lengths and languages."""
        yield "Length", f"{seen.characters} characters; {seen.words} words"
        asked = sum(seen.languages.values())
        often = ((n, c / asked) for n, c in seen.languages.items() if c >= _SELDOM * asked)
        told = ", ".join(f"{name} {share:.0%}" for name, share in islice(often, _LANGUAGES))
        yield "Languages", told or "the texts are too short to tell"
        if seen.messages:
            yield "E-mails", f"{seen.messages:,}, with {seen.attachments:,} attachments"

    def plan(self, seen: SeenTexts, choices: Choices) -> Plan:
        """Return convolutions over words, or for few texts the mean of their words."""
        return Plan(
            clean={"length": {"longest": _longest(seen)}},
            transform=list(_transform(seen)),
            model=list(_model(seen, choices)),
            train={
                "epochs": choices.epochs(_STEPS, 8, 30),
                "optimizer": "adam",
                "learning_rate": 0.002,
                "average_weights": 0.98,
            },
            notes=list(_notes(seen)),
        )


def _longest(seen: SeenTexts) -> int:
    """Return a limit well above what was seen, a round number."""
    limit = max(_SHORTEST_LIMIT, _ROOM * seen.characters.largest)
    power = 10 ** (len(str(limit)) - 1)
    rounded = next(step * power for step in (1, 2, 5, 10) if step * power >= limit)
    return int(min(rounded, 100_000_000))


def _transform(seen: SeenTexts) -> Iterator[str]:
    yield from comment(
        f"Texts have {seen.characters} characters, {seen.words} words; `clean.length` refuses "
        "those far longer than any that was seen. Web addresses, numbers and the like become one "
        "word each (`tokens`)."
    )
    if seen.messages:
        yield from comment(
            "Of e-mails, subject and body are read. Other headers (`clean.headers`) often give the "
            "class away by their dates and lists."
        )
    yield "transform: {unicode: NFKC, case: lower}"


def _model(seen: SeenTexts, choices: Choices) -> Iterator[str]:
    if choices.train < _FEW:
        told = "So few tell little about the order of words, so their mean is taken."
        kind = "text_mlp"
    else:
        told = "Convolutions find short runs of words wherever they stand."
        kind = "text_cnn"
    yield from comment(f"About {seen.learnable:,} texts to learn from. {told}")
    model: dict[str, object] = {"kind": kind}
    if seen.words.median > _LONG:
        yield f"# The first {_FIRST} words tell enough of most texts; more of them take longer."
        model["tokens"] = {"length": _FIRST}
    yield f"model: {flow(model)}"
    yield from comment(
        "Many texts are best told apart by a linear model of their words: the report compares, and "
        "`candidate: true` lets it be chosen."
    )
    yield "baseline: {kind: svm}"


def _notes(seen: SeenTexts) -> Iterator[str]:
    if seen.words.median > _FIRST:
        yield (
            f"the network sees the first {_FIRST} words of a text; most are longer. "
            "`model.tokens.length` changes that."
        )
    told = sum(seen.languages.values())
    unspaced = sum(count for name, count in seen.languages.items() if name in _WITHOUT_SPACES)
    if told and unspaced > told / 10:
        yield (
            "some texts are in a language that is written without spaces; Millrace parts words by "
            "white space, so expect little of them."
        )
