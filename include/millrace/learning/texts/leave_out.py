"""`leave_out`: the weight of a word is what the prediction loses where it is left out.

Needs only answers, so it works on any bundle without a deep-learning framework.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from millrace.learning.evaluation.log_odds import Scores, log_odds
from millrace.learning.texts.vocabulary import Ids

Answer = Callable[[Ids], npt.NDArray[np.float32]]

_AT_ONCE = 4_096  # shortened texts


def leave_out(answer: Answer, ids: Ids, classes: Sequence[int]) -> list[Scores]:
    """Return the weight of each word of each text.

    Args:
        answer: probabilities ``(rows, classes)`` of numbers of words ``(rows, length)``.
        ids: of the texts ``(texts, length)``; 0 after the last word.
        classes: whose log-odds are looked at, one a text.
    """
    if not len(ids):
        return []
    texts, places = np.nonzero(ids)
    chosen = np.asarray(classes)
    whole = log_odds(answer(ids)[np.arange(len(ids)), chosen])
    weights = np.empty(len(texts))
    for start in range(0, len(texts), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        rows = texts[some]
        shorter = _without(ids[rows], places[some])
        scores = log_odds(answer(shorter)[np.arange(len(rows)), chosen[rows]])
        weights[some] = whole[rows] - scores
    return np.split(weights, np.searchsorted(texts, np.arange(1, len(ids))))


def leave_words_out(
    answer: Callable[[list[str]], npt.NDArray[np.float32]],
    texts: Sequence[Sequence[str]],
    classes: Sequence[int],
) -> list[Scores]:
    """Return the weight of each word of each text, where no word has a number.

    Args:
        answer: probabilities ``(rows, classes)`` of texts. texts: their words.
        classes: whose log-odds are looked at, one a text.
    """
    weights = []
    for words, index in zip(texts, classes, strict=True):
        shorter = (" ".join([*words[:i], *words[i + 1 :]]) for i in range(len(words)))
        scores = log_odds(answer([" ".join(words), *shorter])[:, index])
        weights.append(scores[0] - scores[1:])
    return weights


def _without(ids: Ids, places: npt.NDArray[np.int64]) -> Ids:
    """Return each row without the number at its place; the following move up."""
    columns = np.arange(ids.shape[1])
    moved = columns[None, :] + (columns[None, :] >= places[:, None])
    padded = np.pad(ids, ((0, 0), (0, 1)))
    shorter: Ids = np.take_along_axis(padded, moved, axis=1)
    return shorter
