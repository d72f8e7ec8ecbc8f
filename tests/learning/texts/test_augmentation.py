"""Augmentation of texts: what each option changes, and that only the generator decides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from millrace.learning.texts.augmentation import augmented
from millrace.workflow.texts import TextAugmentation

TEXTS = [f"this is message number {n} of a set of short ones" for n in range(200)]
ALL = {"punctuation": 0.1, "dropout": 0.1, "swap": 0.1, "noise": 0.05, "markup": 0.1}


def changed(texts: list[str] = TEXTS, seed: int = 1, **values: Any) -> list[str]:
    return augmented(texts, TextAugmentation(**values), np.random.default_rng(seed))


def words(texts: list[str]) -> int:
    return sum(len(text.split()) for text in texts)


def test_nothing_changes_by_default() -> None:
    assert changed() == TEXTS


@pytest.mark.parametrize("name", ALL)
def test_each_option_changes_texts_by_itself(name: str) -> None:
    made = changed(**{name: ALL[name]})
    assert len(made) == len(TEXTS)
    assert 0.1 < np.mean([a != b for a, b in zip(made, TEXTS, strict=True)]) < 1


def test_equal_generators_make_equal_texts() -> None:
    one, other, third = (changed(seed=seed, **ALL) for seed in (5, 5, 6))
    assert one == other != third


def test_an_array_of_texts_is_taken_too() -> None:
    options = TextAugmentation(**ALL)
    made = augmented(np.array(TEXTS, object), options, np.random.default_rng(1))
    assert made == changed(**ALL)


def test_dropout_leaves_out_that_share_of_words() -> None:
    made = changed(dropout=0.3)
    assert words(made) / words(TEXTS) == pytest.approx(0.7, abs=0.03)
    assert all(set(new.split()) <= set(old.split()) for new, old in zip(made, TEXTS, strict=True))


def test_a_word_stays_of_every_text() -> None:
    made = changed(dropout=1.0)
    assert [len(text.split()) for text in made] == [1] * len(TEXTS)
    assert len({text for text in made if not text.isdigit()}) > 5


def test_swapped_words_are_all_still_there() -> None:
    made = changed(swap=0.5)
    assert [sorted(text.split()) for text in made] == [sorted(text.split()) for text in TEXTS]
    assert made != TEXTS


def test_words_never_move_to_another_text() -> None:
    made = changed([str(n) for n in range(100)], swap=1.0)
    assert made == [str(n) for n in range(100)]


def test_marks_are_added_to_words() -> None:
    made = changed(punctuation=1.0)
    assert words(made) == words(TEXTS)
    assert all(a in b and a != b for a, b in zip(TEXTS[0].split(), made[0].split(), strict=True))


def test_noise_changes_that_share_of_characters() -> None:
    lengths = [abs(len(a) - len(b)) for a, b in zip(changed(noise=0.5), TEXTS, strict=True)]
    assert 0 < np.mean(lengths) < 25
    assert all(text.split() for text in changed(["a b"] * 50, noise=1.0))


def test_markup_is_put_before_words() -> None:
    made = changed(markup=0.2)
    assert words(made) / words(TEXTS) == pytest.approx(1.2, abs=0.05)


def test_empty_texts_stay_empty() -> None:
    values = dict.fromkeys(ALL, 1.0)
    assert changed(["", "x", ""], **values)[::2] == ["", ""]
    assert changed([], **values) == []
