"""`draw_refused_texts`: a sheet of refused texts, each with its label, the reason and details."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from millrace.learning.evaluation.captions import caption_of
from millrace.learning.evaluation.plots.words import Written, draw_words

_READ = 4_000  # bytes of a text that are shown, about
_SUBJECT = re.compile(rb"(?im)^subject:([^\r\n]*)")
_HEAD_ENDS = re.compile(rb"\r?\n\r?\n")


def draw_refused_texts(path: Path, title: str, refused: Sequence[Mapping[str, Any]]) -> None:
    """Draw refused records; see `LearningModality.draw_refused`."""
    draw_words(path, title, [Written(caption_of(row), _words(row)) for row in refused])


def _words(row: Mapping[str, Any]) -> list[str]:
    """Return the first words of whatever was refused; of an e-mail, of its subject and body."""
    data = bytes(row["content"] or b"")
    if row["encoding"] == "message":
        head, body = (*_HEAD_ENDS.split(data, 1), b"")[:2]
        subject = _SUBJECT.search(head)
        data = b"%s\n%s" % (subject[1] if subject else head, body)
    return data[:_READ].decode("utf-8", "replace").split()
