"""`Redactor`: replaces what recognisers find in texts, and says what it replaced."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from millrace.privacy.pseudonyms import Pseudonyms
from millrace.privacy.recognisers.contacts import CONTACTS, PHONES
from millrace.privacy.recognisers.names import NO_NAMES
from millrace.privacy.recognisers.numbers import NUMBERS
from millrace.privacy.recognisers.people import ADDRESSED, PEOPLE
from millrace.privacy.recognisers.places import PLACES
from millrace.privacy.recognisers.recogniser import Recogniser

RECOGNISERS = (*ADDRESSED, *CONTACTS, *NUMBERS, *PHONES, *PLACES, *PEOPLE)
"""In the order in which they are used: what one has taken, no later one sees."""

TOKEN = re.compile(r"\[[A-Z]{2,8}(?:-[A-Z2-7]{16})?\]")
"""What stands where a value was: ``[EMAIL]``, or with a pseudonym ``[EMAIL-…]``."""

LIMITS = (
    "Values are found by their form, and names by what stands around them or a short list.",
    "Not found: names alone in a sentence, in small letters or misspelt, scripts but Latin.",
    "Addresses, phone and identity numbers are found in the forms of some countries only.",
    "Not found: what tells somebody by its meaning, such as an office or a rare illness.",
)
"""What no recogniser finds; every certificate of texts says it."""

_PASSES = 3
_LEAST = 3  # characters of a name's word that is looked for in all the text
_SPLIT = re.compile(f"({TOKEN.pattern})")
_WORDS = re.compile(r"[^\W\d_][\w'’-]*")
_CANON = re.compile(r"[\W_]+")


@dataclass
class Redacted:
    """A text without what was recognised.

    Attributes:
        text: with tokens. counts: values by recogniser. values: what was replaced; never stored.
        names: words of names, in lower case, that may not stand in the text any more.
    """

    text: str
    counts: Counter[str] = field(default_factory=Counter)
    values: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)


class Redactor:
    """Redacts texts alike: one value has one pseudonym, whichever text it is in.

    Args:
        pseudonyms: that tokens carry; None where they carry none.
    """

    def __init__(self, pseudonyms: Pseudonyms | None) -> None:
        self._pseudonyms = pseudonyms

    def __call__(self, text: str, people: Iterable[str] = ()) -> Redacted:
        """Return a text without what is recognised in it.

        Args:
            people: names that are known to belong to it, such as of a message's sender.
        """
        done = Redacted(text)
        known = {word for name in people for word in _name_words(name)}
        for _ in range(_PASSES):
            before = done.counts.total()
            for recogniser in RECOGNISERS:
                known |= self._replace(done, recogniser)
            self._replace_words(done, known)
            if done.counts.total() == before:
                break
        done.names = {word.lower() for word in known}
        return done

    def token(self, word: str, value: str) -> str:
        """Return what stands for a value of a kind."""
        if self._pseudonyms is None:
            return f"[{word}]"
        letters = self._pseudonyms.name(f"{word} in a text", _CANON.sub("", value).lower())
        return f"[{word}-{letters.partition('-')[2]}]"

    def _replace(self, done: Redacted, recogniser: Recogniser) -> set[str]:
        """Replace what a recogniser finds; return the words of names in it."""
        names: set[str] = set()

        def of(part: str) -> str:
            pieces, at = [], 0
            for start, end in recogniser.spans(part):
                value = part[start:end]
                pieces += [part[at:start], self._take(done, recogniser, value)]
                at = end
                if recogniser.people:
                    names.update(_name_words(value))
            return "".join((*pieces, part[at:])) if at else part

        done.text = _between_tokens(done.text, of)
        return names

    def _replace_words(self, done: Redacted, words: set[str]) -> None:
        """Replace the words of names wherever they stand."""
        if not words:
            return
        found = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
        pattern = re.compile(rf"(?i)(?<!\w)(?:{found})(?!\w)")
        people = PEOPLE[0]
        done.text = _between_tokens(
            done.text,
            lambda part: pattern.sub(lambda match: self._take(done, people, match[0]), part),
        )

    def _take(self, done: Redacted, recogniser: Recogniser, value: str) -> str:
        done.counts[recogniser.name] += 1
        done.values.add(value)
        return self.token(recogniser.word, value)


def holds_values(text: str, redacted: Iterable[Redacted] = ()) -> bool:
    """Whether a text that is to be stored holds what was taken out, or something recognisable."""
    plain = TOKEN.sub("\n", text)
    if any(next(recogniser.spans(plain), None) for recogniser in RECOGNISERS):
        return True
    lower = plain.lower()
    for one in redacted:
        sought = {value.lower() for value in one.values if len(value) >= _LEAST} | one.names
        if any(value in lower and _stands_alone(value, lower) for value in sought):
            return True
    return False


def _stands_alone(value: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) is not None


def _between_tokens(text: str, change: Callable[[str], str]) -> str:
    parts = _SPLIT.split(text)
    return "".join(part if number % 2 else change(part) for number, part in enumerate(parts))


def _name_words(name: str) -> set[str]:
    """Return the words of a name by which somebody may be called."""
    words = _WORDS.findall(TOKEN.sub(" ", name))
    return {word for word in words if len(word) >= _LEAST and word.title() not in NO_NAMES}
