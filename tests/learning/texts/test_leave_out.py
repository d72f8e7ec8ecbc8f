from __future__ import annotations

import numpy as np
import pyarrow as pa

from millrace.artifacts.artifact import Artifact
from millrace.learning.bundle import Bundle
from millrace.learning.evaluation.log_odds import log_odds
from millrace.learning.texts.explained import seen_words
from millrace.learning.texts.leave_out import leave_out


def test_a_words_weight_is_what_the_log_odds_lose_without_it(bundle: Artifact) -> None:
    opened = Bundle.open(bundle)
    ids = opened.encoder(pa.table({"text": ["the win prize", "lunch", "", "win win"]}))
    weights = leave_out(opened.predict, ids, [1, 1, 0, 1])
    expected = [[0, 3, 1], [-2], [], [3, 3]]
    assert [len(one) for one in weights] == [3, 1, 0, 2]
    for found, wanted in zip(weights, expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_no_text_has_no_weights(bundle: Artifact) -> None:
    assert leave_out(Bundle.open(bundle).predict, np.zeros((0, 8), np.int32), []) == []


def test_words_stand_beside_their_weights_up_to_the_length() -> None:
    words = seen_words(["a  b,c👍 d", ""], 4)
    assert words == [("a", "b", ",", "c"), ()]


def test_certain_answers_have_finite_odds() -> None:
    assert np.isfinite(log_odds(np.array([0.0, 1.0], np.float32))).all()
