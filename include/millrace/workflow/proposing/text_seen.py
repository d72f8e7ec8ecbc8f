"""`SeenTexts`: what was seen of texts and e-mails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from millrace.workflow.proposing.seen import Seen, Span


@dataclass(frozen=True, kw_only=True)
class SeenTexts(Seen):
    """What was seen.

    Attributes:
        characters, words: of a text; words are what white space parts.
        languages: texts by ISO 639 code, the most frequent first, of some that were asked.
        messages: e-mails among them. attachments: files that those have.
    """

    modality: ClassVar[str] = "text"
    characters: Span
    words: Span
    languages: Mapping[str, int] = field(default_factory=dict)
    messages: int = 0
    attachments: int = 0
