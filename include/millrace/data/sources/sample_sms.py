"""`sample_messages`: the generated sample of short messages, the same on every machine.

Made by the rules of a grammar, with the quirks that real collections have: few spam, spellings of
their own, repeated messages, and campaigns whose messages differ in a number only. Figures on
it say nothing of real messages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import NamedTuple, TypeVar

from millrace.data.sources.sample_sms_grammar import HAM, SPAM, Grammar

_SEED = 20_260_103
_COUNT = 1_500
_SPAM = 0.15  # of the messages
_REPEATED = 0.03  # of the messages that are an earlier one again
_CAMPAIGN = {"ham": 0.02, "spam": 0.3}  # of the messages that vary an earlier one
_SYMBOL = re.compile(r"\{(\w+|#)\}")
_FEWEST = 8  # letters
_SPELLINGS = (
    ("you're", "ur"), ("your", "ur"), ("you", "u"), ("are", "r"), ("tomorrow", "tmrw"),
    ("to", "2"), ("for", "4"), ("please", "pls"), ("because", "cos"), ("and", "n"),
    ("thanks", "thx"), ("text", "txt"), ("message", "msg"), ("tonight", "2nite"),
)  # fmt: skip


class Message(NamedTuple):
    """A message and its class, ``ham`` or ``spam``."""

    label: str
    text: str


Value = TypeVar("Value")


def sample_messages() -> list[Message]:
    """Return the 1,500 messages, in their order."""
    made = _Maker(Random(_SEED))  # noqa: S311 (not for secrets)
    forms: list[Message] = []
    found: list[Message] = []
    while len(found) < _COUNT:
        label = "spam" if made.chance(_SPAM) else "ham"
        own = [number for number, message in enumerate(found) if message.label == label]
        if own and made.chance(_REPEATED):
            number = made.one_of(own)
            forms.append(forms[number])
            found.append(found[number])
            continue
        again = own and made.chance(_CAMPAIGN[label])
        form = forms[made.one_of(own)].text if again else made.form(label)
        forms.append(Message(label, form))
        found.append(Message(label, made.filled(form)))
    return found


class _Maker:
    """Makes messages by draws from `random` alone, whose numbers no version of Python changes."""

    def __init__(self, draw: Random) -> None:
        self._draw = draw

    def form(self, label: str) -> str:
        """Return a new message with ``#`` for its digits."""
        text = ""
        while len(text) < _FEWEST:
            text = self._spelled(self._expanded("message", SPAM if label == "spam" else HAM))
        return text

    def filled(self, form: str) -> str:
        """Return a message with digits, and now and then another end."""
        text = re.sub("#", lambda _: str(int(self._draw.random() * 9) + 1), form)
        return text + self.one_of((".", " ok", " x")) if self.chance(0.05) else text

    def chance(self, share: float) -> bool:
        """Return True in that share of all calls."""
        return self._draw.random() < share

    def one_of(self, values: Sequence[Value]) -> Value:
        """Return one of some values."""
        return values[int(self._draw.random() * len(values))]

    def _expanded(self, symbol: str, grammar: Grammar) -> str:
        if symbol == "#":
            return symbol
        phrase = self.one_of(grammar[symbol])
        return _SYMBOL.sub(lambda match: self._expanded(match[1], grammar), phrase)

    def _spelled(self, text: str) -> str:
        """Return a text as somebody in a hurry types it, or not."""
        text = " ".join(text.split()).replace(" ,", ",")
        for word, short in _SPELLINGS:
            if self.chance(0.15):
                text = re.sub(rf"\b{word}\b", short, text)
        if self.chance(0.5):
            text = text[:1].upper() + text[1:]
        if self.chance(0.3):
            text = text.replace("?", "").replace(",", "").replace("'", "")
        if self.chance(0.25):
            text = text.rstrip(".") + self.one_of(("!", "!!", "...", " x", "?"))
        if self.chance(0.04):
            text = text.upper()
        return self._mistyped(text) if self.chance(0.2) else text

    def _mistyped(self, text: str) -> str:
        """Return a text with two neighbouring letters of a word swapped."""
        words = text.split(" ")
        place = int(self._draw.random() * len(words))
        word = words[place]
        if word.isalpha() and len(word) > 1:
            at = int(self._draw.random() * (len(word) - 1))
            words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        return " ".join(words)
