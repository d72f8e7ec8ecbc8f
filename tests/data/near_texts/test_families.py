"""Families of texts: what is found, what stays apart, and that no input takes too long."""

from __future__ import annotations

import random
import time
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from millrace.data.near_texts.families import families
from millrace.data.near_texts.shelf import Shelf
from millrace.data.near_texts.shingles import LENGTH, shingle
from millrace.data.near_texts.similar import LEAST, similar

WORDS = [
    "".join(random.Random(n).choices("abcdefghijklmnopqrstuvwxyz", k=2 + n % 7))
    for n in range(2_000)
]
BASE = "You have won a guaranteed prize of 1000 pounds! To claim it, call 09061701461 today."


def found(folder: Path, texts: list[str], *, parts: int = 1) -> list[int]:
    shelf = Shelf(folder)
    for part in np.array_split(np.arange(len(texts)), parts):
        shelf.append(pa.array([texts[n] for n in part], pa.string()))
    return families(shelf).tolist()


def sentence(draw: random.Random, words: int) -> str:
    return " ".join(draw.choices(WORDS, k=words))


@lru_cache(maxsize=1_000)
def shingles(text: str) -> frozenset[str]:
    folded = " ".join(text.lower().split())
    return frozenset(folded[n : n + LENGTH] for n in range(len(folded) - LENGTH + 1))


def jaccard(one: str, other: str) -> float:
    """Return the Jaccard index by plain sets."""
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b)


@pytest.mark.parametrize(
    "changed",
    [
        BASE.upper(),
        f"  {BASE}\n".replace(" ", "\t\n "),
        BASE.replace("1000", "2000"),
        BASE.replace("09061701461", "09058094454"),
        BASE.replace("today", "now!!!"),
        f"URGENT! {BASE}",
        BASE[: len(BASE) * 4 // 5],
    ],
)
def test_a_changed_text_is_of_the_family(tmp_path: Path, changed: str) -> None:
    assert found(tmp_path, ["something else entirely", BASE, changed]) == [0, 1, 1]


@pytest.mark.parametrize(
    "other",
    [
        "Sorry, I will call you later, I am in a meeting with my boss at the moment.",
        BASE[::-1],
        BASE[:30],
        BASE[:40] + "; and now for something that has nothing to do with it at all.",
    ],
)
def test_another_text_is_not(tmp_path: Path, other: str) -> None:
    assert found(tmp_path, [BASE, other]) == [0, 1]


def test_families_join_through_a_text_between_them(tmp_path: Path) -> None:
    steps = [f"{BASE} {' '.join(WORDS[: 5 * n])}" for n in range(4)]
    assert jaccard(steps[0], steps[-1]) < LEAST
    assert all(jaccard(a, b) >= LEAST for a, b in pairwise(steps))
    assert found(tmp_path, steps) == [0, 0, 0, 0]


def test_short_texts_are_near_duplicates_only_where_they_are_equal(tmp_path: Path) -> None:
    texts = ["ok", "Ok", "ok ", "no", "o", "", "", " "]
    assert found(tmp_path, texts) == [0, 0, 0, 3, 4, 5, 6, 7]


def test_texts_of_any_script_are_compared_by_characters(tmp_path: Path) -> None:
    chinese = "你好，世界！今天天气很好，我们一起去公园散步吧。"
    texts = [chinese, chinese.replace("。", "！"), "明天见，祝你一切顺利，身体健康，万事如意。"]
    assert found(tmp_path, texts) == [0, 0, 2]


def test_the_index_is_that_of_plain_sets() -> None:
    draw = random.Random(3)
    texts = [sentence(draw, 30) for _ in range(20)]
    texts += [f"{text} {sentence(draw, draw.randrange(1, 25))}" for text in texts]
    (sets,) = shingle(pa.array(texts))
    first, second = np.arange(20), np.arange(20, 40)
    expected = [jaccard(texts[n], texts[n + 20]) >= LEAST for n in range(20)]
    assert 0 < sum(expected) < 20
    assert similar(sets, first, second).tolist() == expected


def test_long_texts_are_compared_on_samples(tmp_path: Path) -> None:
    draw = random.Random(4)
    words = draw.choices(WORDS, k=20_000)
    half = [*words[:10_000], *draw.choices(WORDS, k=10_000)]
    near = [w if n % 20 else "changed" for n, w in enumerate(words)]
    texts = [" ".join(w) for w in (words, half, near)]
    expected = [[a, b] for a in range(3) for b in range(a) if jaccard(texts[a], texts[b]) >= LEAST]
    assert expected == [[2, 0]]
    assert found(tmp_path, texts) == [0, 1, 0]


def test_all_near_duplicates_are_found_and_no_others(tmp_path: Path) -> None:
    draw = random.Random(5)
    texts = []
    for _ in range(100):
        text = sentence(draw, draw.randrange(5, 40))
        texts += [text, f"{text} {draw.choice(WORDS)}", text.replace("a", "e", draw.randrange(9))]
    family = found(tmp_path, texts)
    pairs = [(a, b) for a in range(len(texts)) for b in range(a)]
    near = [(a, b) for a, b in pairs if jaccard(texts[a], texts[b]) >= LEAST]
    missed = [pair for pair in near if family[pair[0]] != family[pair[1]]]
    assert len(near) > 150
    assert len(missed) <= len(near) // 100
    assert all(n // 3 == family[n] // 3 for n in range(len(texts)))


def test_neither_order_nor_parts_decide(tmp_path: Path) -> None:
    draw = random.Random(6)
    texts = [sentence(draw, 12) for _ in range(60)]
    texts += [f"{text} {WORDS[3]}" for text in texts]
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for folder in folders:
        folder.mkdir()
    family = found(folders[0], texts)
    assert found(folders[1], texts, parts=7) == family
    shuffled = draw.sample(range(len(texts)), len(texts))
    other = found(folders[2], [texts[n] for n in shuffled])
    groups = [set(), set()]  # type: ignore[var-annotated]
    for made, names in ((family, range(len(texts))), (other, shuffled)):
        by_family: dict[int, set[int]] = {}
        for name, number in zip(names, made, strict=True):
            by_family.setdefault(number, set()).add(name)
        groups[made is other] = {frozenset(members) for members in by_family.values()}
    assert groups[0] == groups[1]


@pytest.mark.parametrize("texts", [[], [""], ["", ""], ["a"]])
def test_few_texts_are_no_trouble(tmp_path: Path, texts: list[str]) -> None:
    assert found(tmp_path, texts) == list(range(len(texts)))


_CROWDS = {
    "equal": ["ok"] * 60_000 + [""] * 20_000,
    "codes": [f"Your code is {n:06d}, do not tell it to anyone at all" for n in range(20_000)],
    "short codes": [f"code {n:06d}" for n in range(20_000)],
    "one letter": ["a" * 1_000_000, "a" * 999_999, "b" * 10],
}


@pytest.mark.parametrize("name", _CROWDS)
def test_crowds_end_soon(tmp_path: Path, name: str) -> None:
    started = time.process_time()
    family = found(tmp_path, _CROWDS[name])
    assert time.process_time() - started < 8
    assert len(family) == len(_CROWDS[name])


def test_a_crowd_of_near_duplicates_is_one_family(tmp_path: Path) -> None:
    assert set(found(tmp_path, _CROWDS["codes"])) == {0}


def test_a_shared_boilerplate_neither_unites_nor_takes_long(tmp_path: Path) -> None:
    draw = random.Random(8)
    footer = sentence(draw, 60)
    texts = [f"{sentence(draw, draw.randrange(45, 60))} {footer}" for _ in range(2_000)]
    twin = f"{texts[7]} indeed"
    started = time.process_time()
    family = found(tmp_path, [*texts, twin])
    assert time.process_time() - started < 8
    assert family[-1] == 7
    assert len(set(family)) > 1_900
