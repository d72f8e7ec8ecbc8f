"""`CardDocument`: sections of sentences, facts, tables and pictures, for JSON and for HTML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FORMAT = 1
"""Of the JSON of a card."""


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes:
        header: of its columns. rows: as wide as the header.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Picture:
    """A PNG file, with what it shows in words."""

    path: Path
    caption: str


@dataclass(frozen=True)
class Section:
    """A part of a card.

    Attributes:
        title: of it. text: sentences, a paragraph each. facts: names and values.
    """

    title: str
    text: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()


@dataclass(frozen=True)
class CardDocument:
    """A card.

    Attributes:
        name: of its files. title: of the page. notice: stands above all else, or None.
        data: the figures behind the sentences, JSON values.
    """

    name: str
    title: str
    sections: Sequence[Section]
    data: dict[str, Any]
    notice: str | None = None

    def to_json(self) -> str:
        """Return the card as JSON, without its pictures."""
        sections = [
            {
                "title": one.title,
                "text": list(one.text),
                "facts": dict(one.facts),
                "tables": [asdict(table) for table in one.tables],
            }
            for one in self.sections
        ]
        document = {
            "format": FORMAT,
            "card": self.name,
            "title": self.title,
            "notice": self.notice,
            "sections": sections,
            "data": self.data,
        }
        text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        return text + "\n"
