"""What encryption costs the store: put and verified get of a large object, plain and sealed.

    .venv/bin/python benchmarks/encryption.py [--large MIB] [--small FILES] [--times N] [--folder F]

The same bytes in turns, each time into a store of its own; get is by a store that was opened anew,
with an empty cache. Both hash, flush to the disk, publish atomically and verify what is read; the
sealed store encrypts and decrypts besides, and writes its decrypted copy into the cache, which a
plain store on a disk does not need. On S3 both write such a copy. The endpoint is moto's server in
a process of its own on this machine. Before each step as many pages as it may need are written
and freed again: on a virtual machine whose host takes freed memory back, what writes more would
else be timed for getting memory, too. A ratio above 1 means that encryption takes longer.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common import machine, show
from store import _endpoint, _files, _parser

from millrace.artifacts.sealing.master_keys import MasterKeys, new_key
from millrace.artifacts.store import Store

MASTER = MasterKeys.load({"MILLRACE_MASTER_KEY": new_key()})
Timed = dict[str, dict[bool, list[float]]]


def main() -> None:
    options = _parser().parse_args()
    with tempfile.TemporaryDirectory(prefix="millrace-benchmark-", dir=options.folder) as name:
        folder = Path(name)
        large = _files(folder / "large", 1, options.large << 20)
        small = _files(folder / "small", options.small, 16 << 10)
        for title, files in (
            (f"one object of {options.large} MiB", large),
            (f"{options.small:,} objects of 16 KiB", small),
        ):
            found = _measure(_on_disk, files, folder / "turn", options.times)
            _show(f"{title}, a disk ({machine()})", found, files)
            with _endpoint():
                found = _measure(_on_s3, files, folder / "turn", options.times)
            _show(f"{title}, S3 ({machine()})", found, files)


def _on_disk(folder: Path) -> str:
    return (folder / "store").as_uri()


def _on_s3(_: Path) -> str:
    import boto3
    from s3fs import S3FileSystem

    bucket = f"bucket-{time.time_ns()}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    S3FileSystem.clear_instance_cache()
    return f"s3://{bucket}/store"


def _measure(
    place: Callable[[Path], str], files: Sequence[Path], folder: Path, times: int
) -> Timed:
    """Return the seconds of put and get, plain and sealed, turn by turn; the first warms up."""
    timed: Timed = {"put": {False: [], True: []}, "get": {False: [], True: []}}
    for turn in range(times + 1):
        for seals in (False, True) if turn % 2 else (True, False):
            folder.mkdir()
            uri = place(folder)
            seconds = _turn(uri, files, folder / "cache", seals)
            if turn:
                for name, value in seconds.items():
                    timed[name][seals].append(value)
            shutil.rmtree(folder)
    return timed


def _turn(uri: str, files: Sequence[Path], cache: Path, seals: bool) -> dict[str, float]:
    def opened() -> Store:
        store = Store(uri, cache, seals=seals, keys=lambda: MASTER)
        store.check()  # a client is connected before anything is timed
        return store

    size = sum(path.stat().st_size for path in files)
    writer = opened()
    entries: list[Any] = []
    _take_memory(cache.parent, 2 * size)
    put = _seconds(lambda: entries.extend(writer.put_all(files)))
    reader = opened()
    _take_memory(cache.parent, 2 * size)
    return {"put": put, "get": _seconds(lambda: reader.fetch(entries))}


def _take_memory(folder: Path, size: int) -> None:
    """Write so many bytes, which takes memory for them, and free it."""
    path = folder / "memory"
    block = bytes(1 << 20)
    with path.open("wb") as file:
        for _ in range(-(-size // len(block))):
            file.write(block)
    path.unlink()


def _seconds(step: Callable[[], Any]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def _show(title: str, found: Timed, files: Sequence[Path]) -> None:
    size = sum(path.stat().st_size for path in files) / 2**20
    both = {
        seals: [p + g for p, g in zip(found["put"][seals], found["get"][seals], strict=True)]
        for seals in (False, True)
    }
    rows = []
    for name, timed in (*found.items(), ("put and get", both)):
        plain, sealed = (statistics.median(timed[seals]) for seals in (False, True))
        speeds = [
            f"{word} {seconds:.2f} s ({size / seconds:,.0f} MiB/s)"
            for word, seconds in (("plain", plain), ("sealed", sealed))
        ]
        rows.append((name, f"{', '.join(speeds)}, ratio {sealed / plain:.2f}"))
    show(title, rows)


if __name__ == "__main__":
    main()
