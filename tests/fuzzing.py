"""Damages valid sources of every kind and runs discover, collect and clean over them.

A process of its own, so that a crash of a decoder is seen as what it is::

    python tests/fuzzing.py FOLDER SECONDS [SEED] [KIND]

It writes the seed and kind of each case into ``FOLDER/case.txt`` before it begins, prints the
traceback of each fault, and at last how many cases of each kind ended how; it exits with 1 where
there was a fault.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gzip
import json
import os
import random
import resource
import shutil
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from fuzzing_sources import KINDS, cleaning
from millrace.data import clean, collect, discover
from millrace.data.encoding import PixelEncoding
from millrace.data.sources.partition import split_document
from millrace.data.sources.reader import keyed
from millrace.errors import MillraceError
from millrace.machine import peak_memory
from millrace.workflow.stage import StageContext, StageResult

MEMORY = 6 << 30  # bytes of address space
LONGEST = 60  # seconds of one case
FAULT = "fault"
MOST = 1 << 30  # bytes of resident memory at the end

TOKENS = (b",", b"\n", b"\r\n", b'"', b"nan", b"-1", b"1e9", b"0x1F", b"", b"\0", b"\xff", b";")


def damage(data: bytes, chance: random.Random) -> bytes:
    """Return `data` with a few bytes changed, cut out, put in, repeated or cut off."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 4, 16])):
        reach = chance.choice([64, 512, len(changed)])
        place = chance.randrange(max(1, min(reach, len(changed))))
        if chance.random() < 0.3:
            place = max(0, len(changed) - 1 - place)
        _damage_at(changed, place, chance)
    return bytes(changed)


def damage_within(data: bytes, chance: random.Random) -> bytes:
    """Damage a file; one that is gzip, in every second case, before it was compressed."""
    if data[:2] == b"\x1f\x8b" and chance.random() < 0.5:
        return gzip.compress(damage(gzip.decompress(data), chance), mtime=0)
    return damage(data, chance)


def _damage_at(data: bytearray, place: int, chance: random.Random) -> None:
    some = bytes(chance.choice([0, 1, 127, 128, 255, chance.randrange(256)]) for _ in range(8))
    length = chance.choice([1, 1, 2, 4, 8])
    match chance.randrange(8):
        case 0:
            del data[place : place + length]
        case 1:
            data[place:place] = some[:length]
        case 2:
            data[place:place] = data[: chance.randrange(200)]
        case 3 if chance.random() < 0.3:
            del data[place:]
        case 4 if place < len(data):
            data[place] ^= 1 << chance.randrange(8)
        case 5:
            data[place : place + chance.randrange(4)] = chance.choice(TOKENS)
        case _:
            data[place : place + length] = some[:length]


class Records:
    """Stands in for an artifact: its files as the stage before wrote them."""

    def __init__(self, output: Path) -> None:
        self._output = output

    def path(self, name: str) -> Path:
        return self._output / name


class NoCheckpoints:
    def save(self, name: str, path: Path) -> None: ...

    def load(self, name: str, path: Path) -> bool:
        return False


def stage(
    module: Any, root: Path, name: str, params: Any, inputs: Any = None, locations: Any = None
) -> tuple[StageResult, Path]:
    output, scratch = root / f"{name}-output", root / f"{name}-scratch"
    output.mkdir()
    scratch.mkdir()
    context = StageContext(
        params, locations or {}, inputs or {}, output, scratch, NoCheckpoints(), lambda event: None
    )
    return module.run(context), output


def run(source: dict[str, Any], root: Path, kind: str) -> int:
    """Run the stages over a source, check that no row is lost or invented; return the rows."""
    locations = {"sources": [source]}
    found, _ = stage(discover, root, "discover", {"limit": None}, locations=locations)
    total = 0
    for partition in found.facts["partitions"]:
        content, at = split_document(partition)
        name = f"{partition['index']}"
        params = {"kind": source["kind"], "read": keyed(source), "partition": content}
        places = {"source": source, "at": at}
        _, raw = stage(collect, root, f"collect-{name}", params, locations=places)
        records = {"records": [Records(raw)]}
        result, cleaned = stage(clean, root, f"clean-{name}", cleaning(kind), records)
        total += check(raw, cleaned, partition["stop"] - partition["start"], result)
    return total


def check(raw: Path, cleaned: Path, rows: int, result: StageResult) -> int:
    names = ("records", "quarantine", "duplicates")
    tables = {name: pq.read_table(cleaned / f"{name}.parquet") for name in names}
    ids = [record for table in tables.values() for record in table["record_id"].to_pylist()]
    received = pq.read_table(raw / "records.parquet")["record_id"].to_pylist()
    require(sorted(ids) == sorted(received), "other records came out than went in")
    require(len(set(ids)) == len(ids) == rows, f"{len(ids)} records of {rows}, or one twice")
    counts = result.counts
    require(counts is not None and counts.reconciles and counts.received == rows, str(counts))
    for row in tables["records"].select(["content", "encoding"]).to_pylist():
        check_content(row["content"], row["encoding"])
    return rows


def check_content(content: bytes, encoding: str) -> None:
    if encoding in ("text", "row"):
        content.decode()
    else:
        whole = len(content) == PixelEncoding.parse(encoding).size
        require(whole, "a picture is not whole")


def require(right: bool, said: str) -> None:
    if not right:
        raise RuntimeError(said)


def case(seed: int, kind: str, root: Path) -> str:
    """Run one damaged source; return how it ended."""
    chance = random.Random(seed)
    source = KINDS[kind](root)
    paths = sorted(path for path in (root / "in").rglob("*") if path.is_file())
    for path in chance.sample(paths, min(len(paths), chance.choice([1, 1, 3]))):
        path.write_bytes(damage_within(path.read_bytes(), chance))
    try:
        run(source, root, kind)
    except MillraceError as error:
        require(len(str(error)) < 3_000, "an error is too long")
        return type(error).__name__
    return "accounted for"


def outcome(seed: int, kind: str, root: Path) -> str:
    try:
        return case(seed, kind, root)
    except Exception:
        sys.stderr.write(f"seed {seed}, kind {kind}\n{traceback.format_exc()}\n")
        return FAULT


@contextlib.contextmanager
def emptied(root: Path) -> Iterator[Path]:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    try:
        yield root
    finally:
        shutil.rmtree(root)


def main(base: Path, seconds: float, first: int, only: str | None) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    outcomes: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    end = time.monotonic() + seconds
    seed = first
    while time.monotonic() < end:
        for kind in [only] if only else KINDS:
            (base / "case.txt").write_text(f"seed {seed}, kind {kind}")
            os.environ["MILLRACE_HOME"] = str(base / "case" / "home")
            faulthandler.dump_traceback_later(LONGEST, exit=True)
            with emptied(base / "case") as root:
                outcomes[kind][outcome(seed, kind, root)] += 1
        seed += 1
    faulthandler.cancel_dump_traceback_later()
    peak = peak_memory()
    require(peak < MOST, f"{peak:,} bytes of memory at the peak")
    sys.stdout.write(json.dumps(outcomes) + "\n")
    sys.exit(any(FAULT in found for found in outcomes.values()))


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        float(sys.argv[2]),
        int(sys.argv[3]) if len(sys.argv) > 3 else 0,
        sys.argv[4] if len(sys.argv) > 4 else None,
    )
