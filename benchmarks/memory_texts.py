"""Messages for `stage_memory`: the SMS Spam Collection so many times over, and its stages.

The first copy is as it was; in each other one, three words in ten are taken from other messages, so
that few messages of a copy are near duplicates of those of another.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import memory_stages
from memory_stages import SOURCES, DataStages

NAMES = (*memory_stages.NAMES, "integrate, near kept")
_SHARE = 0.3


class Texts(DataStages):
    """The stages of ``sms_spam.yaml``, which looks for near duplicates."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, "sms_spam")

    def integrate_near_kept(self) -> None:
        clean = self.spec.clean.model_copy(update={"near_duplicates": "keep"})
        spec = self.spec.model_copy(update={"clean": clean})
        self.integrate_as(spec, "clean", "integrate-near-kept")


def write_sources(root: Path, factor: int) -> None:
    """Write the collection's file with `factor` copies of its messages."""
    root.mkdir(parents=True, exist_ok=True)
    lines = Path(os.environ["SMS"]).read_text(encoding="utf-8").splitlines()
    messages = [line.split("\t", 1) for line in lines]
    words = [word for _, text in messages for word in text.split()]
    draw = random.Random(7)
    file = root / "messages.tsv"
    with file.open("w", encoding="utf-8") as out:
        for copy in range(factor):
            for label, text in messages:
                out.write(f"{label}\t{_changed(text, words, draw) if copy else text}\n")
    (root / SOURCES).write_text(json.dumps([{"name": "sms", "uri": str(file)}]))


def _changed(text: str, words: list[str], draw: random.Random) -> str:
    return " ".join(draw.choice(words) if draw.random() < _SHARE else w for w in text.split())
