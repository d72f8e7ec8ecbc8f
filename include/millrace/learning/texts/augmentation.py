"""`augmented`: canonical texts, changed at random. A pure function of texts, options and generator.

The generator is asked for all words at once, and only the words that it chooses are touched.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from millrace.workflow.texts import TextAugmentation

_MARKS = ("!", "!!", ".", "...", ",", "?", "-", "*", ":", ";", "'", '"', "(", ")")
_MARKUP = ("<b>", "</b>", "<br>", "<p>", "</p>", "<i>", "<td>", "<div>", "&nbsp;", "URL")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"

Rows = npt.NDArray[np.int64]
Chosen = npt.NDArray[np.bool_]


def augmented(
    texts: Sequence[str] | npt.NDArray[np.object_],
    options: TextAugmentation,
    random: np.random.Generator,
) -> list[str]:
    """Return as many texts, words between single spaces; an empty one stays empty.

    Args:
        texts: words between spaces.
        options: how much is changed.
        random: what decides; equal states make equal texts.
    """
    split = [text.split() for text in texts]
    words = [word for one in split for word in one]
    rows = np.repeat(np.arange(len(split)), [len(one) for one in split])
    _add_noise(words, options.noise, random)
    _add_marks(words, options.punctuation, random)
    order = _swapped(rows, options.swap, random)
    order = order[_kept(rows, options.dropout, random)]
    _add_markup(words, options.markup, random)
    return _joined(words, order, np.bincount(rows[order], minlength=len(split)))


def _joined(words: list[str], order: Rows, counts: Rows) -> list[str]:
    ordered = [words[place] for place in order.tolist()]
    ends = np.cumsum(counts)
    bounds = zip((ends - counts).tolist(), ends.tolist(), strict=True)
    return [" ".join(ordered[start:stop]) for start, stop in bounds]


def _chosen(count: int, share: float, random: np.random.Generator) -> Rows:
    return np.flatnonzero(random.random(count) < share) if share else np.zeros(0, np.int64)


def _add_noise(words: list[str], share: float, random: np.random.Generator) -> None:
    """Change that share of all characters, in place; a word keeps one at least."""
    if not share or not words:
        return
    changes = random.binomial([len(word) for word in words], share)
    places = np.repeat(np.arange(len(words)), changes).tolist()
    where = random.random(len(places)).tolist()
    kinds = random.integers(0, 4, len(places)).tolist()
    letters = random.integers(0, len(_LETTERS), len(places)).tolist()
    for place, share_of_word, kind, letter in zip(places, where, kinds, letters, strict=True):
        word = words[place]
        at = int(share_of_word * len(word))
        words[place] = _noisy(word, at, kind, _LETTERS[letter])


def _noisy(word: str, at: int, kind: int, letter: str) -> str:
    """Return a word with the character `at` left out, doubled, replaced, or put after the next."""
    before, character, after = word[:at], word[at], word[at + 1 :]
    if kind == 0 and len(word) > 1:
        return before + after
    if kind == 1:
        return before + character + character + after
    if kind == 2 and after:
        return before + after[0] + character + after[1:]
    return before + letter + after


def _add_marks(words: list[str], share: float, random: np.random.Generator) -> None:
    places = _chosen(len(words), share, random)
    marks = random.integers(0, len(_MARKS), len(places)).tolist()
    sides = random.integers(0, 2, len(places)).tolist()
    for place, mark, before in zip(places.tolist(), marks, sides, strict=True):
        words[place] = _MARKS[mark] + words[place] if before else words[place] + _MARKS[mark]


def _add_markup(words: list[str], share: float, random: np.random.Generator) -> None:
    places = _chosen(len(words), share, random)
    kinds = random.integers(0, len(_MARKUP), len(places)).tolist()
    for place, kind in zip(places.tolist(), kinds, strict=True):
        words[place] = f"{_MARKUP[kind]} {words[place]}"


def _swapped(rows: Rows, share: float, random: np.random.Generator) -> Rows:
    """Return the places of the words, some exchanged with the next of the same text."""
    order = np.arange(len(rows))
    places = _chosen(max(len(rows) - 1, 0), share, random)
    places = places[rows[places] == rows[places + 1]]
    apart = np.ones(len(places), bool)
    apart[1:] = np.diff(places) > 1
    places = places[apart]
    order[places], order[places + 1] = order[places + 1], order[places]
    return order


def _kept(rows: Rows, share: float, random: np.random.Generator) -> Chosen:
    """Return which words stay; where none would, the one that was nearest to staying does."""
    if not share or not len(rows):
        return np.ones(len(rows), bool)
    drawn = random.random(len(rows))
    kept = drawn >= share
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    highest = np.repeat(np.maximum.reduceat(drawn, starts), np.diff(np.append(starts, len(rows))))
    stays: Chosen = kept | (drawn == highest)
    return stays
