"""What the training texts were like, to compare later texts with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from millrace.learning.texts.vocabulary import Vocabulary, WordCounts

_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


def reference_statistics(counts: WordCounts, vocabulary: Vocabulary, length: int) -> dict[str, Any]:
    """Return figures of the training split.

    ``words_mean`` and ``words_quantiles`` (by share of the texts) are of the texts' lengths,
    ``seen_whole`` the share of texts that are not cut, ``different_words`` how many there were, and
    ``known_words`` the share of all words that the vocabulary holds.
    """
    texts, total = int(counts.lengths.sum()), int(counts.counts.sum())
    lengths = np.arange(len(counts.lengths))
    known = pc.is_in(counts.words, pa.array(vocabulary.words, pa.string()))
    return {
        "words_mean": float((lengths * counts.lengths).sum() / max(texts, 1)),
        "words_quantiles": {f"{share:g}": counts.quantile(share) for share in _SHARES},
        "seen_whole": float(counts.lengths[: length + 1].sum() / max(texts, 1)),
        "different_words": len(counts.words),
        "known_words": float(counts.counts[np.asarray(known, bool)].sum() / max(total, 1)),
    }
