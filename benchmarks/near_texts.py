"""Near duplicates among 100,000 short texts, against datasketch.

Usage: ``SMS=<SMSSpamCollection> python benchmarks/near_texts.py [--texts 100000]``

The texts are the collection's messages, each also in versions with three words in ten taken from
other messages. Both sides fold case and white space, take shingles of 5 characters, propose pairs
by MinHash and banding (ours 60 values, datasketch 64), check them by the Jaccard index of the
shingles (0.6) and unite families. datasketch runs on a part and is scaled by the texts: in batches
(``update_batch``), and as its manual shows, shingle by shingle (``update``). CPU seconds of one
core; medians of rounds in turns.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "include"))

import numpy as np
import pyarrow as pa
from common import machine, show
from datasketch import MinHash, MinHashLSH

from millrace.data.near_texts.families import families
from millrace.data.near_texts.shelf import Shelf

_LENGTH = 5
_LEAST = 0.6
_VALUES = 64


def main() -> None:
    """Compare the sides."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=100_000, help="default 100,000")
    parser.add_argument("--part", type=int, default=5_000, help="for datasketch (default 5,000)")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    arguments = parser.parse_args()
    if not os.environ.get("SMS"):
        raise SystemExit("set SMS to the file SMSSpamCollection")
    texts = _texts(Path(os.environ["SMS"]), arguments.texts)
    part = random.Random(0).sample(texts, arguments.part)
    scale = len(texts) / len(part)
    rounds = [
        (
            _timed(lambda: _ours(texts)),
            scale * _timed(lambda: _datasketch(part, _in_batches)),
            scale * _timed(lambda: _datasketch(part[:1_000], _one_by_one)) * len(part) / 1_000,
        )
        for _ in range(arguments.rounds)
    ]
    ours, batches, singly = (median(values) for values in zip(*rounds, strict=True))
    family = _ours(texts)
    show(
        f"Near duplicates of {len(texts):,} texts ({machine()})",
        [
            ("ours, CPU seconds", f"{ours:.2f}"),
            ("families of more than one", f"{(np.bincount(family) > 1).sum():,}"),
            (f"datasketch in batches, from {len(part):,} texts, CPU seconds", f"{batches:.1f}"),
            ("datasketch shingle by shingle, from 1,000 texts, CPU seconds", f"{singly:.1f}"),
            ("datasketch in batches / ours", f"{batches / ours:.1f}"),
            ("datasketch shingle by shingle / ours", f"{singly / ours:.1f}"),
        ],
    )
    same = _ours(part), _datasketch(part, _in_batches)
    print(f"\nfamilies of the part: ours {_count(same[0])}, datasketch {_count(same[1])}")


def _timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _count(family: Sequence[int] | np.ndarray) -> int:
    return int((np.unique_counts(np.asarray(family)).counts > 1).sum())


def _texts(path: Path, count: int) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    messages = [line.partition("\t")[2] for line in lines]
    draw = random.Random(7)
    words = [word for message in messages for word in message.split()]
    texts = list(messages)
    while len(texts) < count:
        for message in messages:
            changed = [w if draw.random() > 0.3 else draw.choice(words) for w in message.split()]
            texts.append(" ".join(changed))
    return texts[:count]


def _ours(texts: list[str]) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder))
        shelf.append(pa.array(texts))
        return families(shelf)


def _datasketch(texts: list[str], signature: Callable[[set[bytes]], MinHash]) -> list[int]:
    sets = [_shingles(text) for text in texts]
    index = MinHashLSH(threshold=_LEAST, num_perm=_VALUES)
    signatures = [signature(shingles) for shingles in sets]
    for number, made in enumerate(signatures):
        index.insert(number, made)
    family = list(range(len(texts)))
    for number, made in enumerate(signatures):
        for other in index.query(made):
            if other < number and _root(family, other) != _root(family, number):
                both = len(sets[number] & sets[other])
                if both >= _LEAST * (len(sets[number]) + len(sets[other]) - both):
                    family[_root(family, number)] = _root(family, other)
    return [_root(family, number) for number in range(len(texts))]


def _root(family: list[int], number: int) -> int:
    while family[number] != number:
        number = family[number]
    return number


def _shingles(text: str) -> set[bytes]:
    folded = " ".join(text.lower().split())
    ends = range(_LENGTH, max(len(folded), _LENGTH) + 1)
    return {folded[end - _LENGTH : end].encode() for end in ends}


def _in_batches(shingles: set[bytes]) -> MinHash:
    made = MinHash(num_perm=_VALUES)
    made.update_batch(list(shingles))
    return made


def _one_by_one(shingles: set[bytes]) -> MinHash:
    made = MinHash(num_perm=_VALUES)
    for shingle in shingles:
        made.update(shingle)
    return made


if __name__ == "__main__":
    main()
