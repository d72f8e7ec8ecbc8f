"""Sensitivity labels of artifacts: the words, and the error for whoever may not see one."""

from __future__ import annotations

from collections.abc import Iterable

from millrace.errors import Withheld

IDENTIFIED = "identified"
"""Made from input that shows who people are, and that nothing has de-identified since."""

_ORDER = ("", IDENTIFIED)


def highest(labels: Iterable[str]) -> str:
    """Return the most sensitive of some labels; a label that is not known counts as the highest."""
    return max(labels, key=_rank, default="")


def refusal(doing: str, *, where: object) -> Withheld:
    """Return the error for showing or giving out what is labelled.

    Args:
        doing: what was asked for, ``a report``. where: the artifact, by kind and digest.
    """
    return Withheld(
        f"{doing} is refused: it would be made from identified input",
        where=where,
        expected="an artifact without a sensitivity label",
        received=IDENTIFIED,
        remedy="De-identify it: let `collect` do so (section `privacy` of the workflow) and see "
        "why certificate.json of its artifact did not pass; then run again. `privacy: {input: "
        "open}` is for data in which nobody can be told.",
    )


def _rank(label: str) -> int:
    return _ORDER.index(label) if label in _ORDER else len(_ORDER)
