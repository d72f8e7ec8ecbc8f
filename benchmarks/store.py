"""Throughput of the store: put and verified get, large and small objects, on a disk and on S3.

    .venv/bin/python benchmarks/store.py [--large MIB] [--small FILES] [--times N] [--folder F]

The same bytes in turns. The plain way is `shutil.copyfile` on the disk, and `put_file` and
`get_file` of s3fs on S3, one file after the other; it hashes, verifies and flushes nothing.
Millrace hashes, flushes to the disk, publishes atomically and verifies what it reads, in a store
that was opened anew. A ratio above 1 means that Millrace takes longer. The S3 endpoint is moto's
server in a process of its own on this machine: slow, so that only the ratios say something.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common import machine, show

from millrace.artifacts.store import Store

ENDPOINT = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""

Steps = dict[str, Callable[[], Any]]
Place = Callable[[Sequence[Path], Path], Steps]
"""Takes files and an empty folder; returns what to time, by name, in this order."""


def main() -> None:
    options = _parser().parse_args()
    with tempfile.TemporaryDirectory(prefix="millrace-benchmark-", dir=options.folder) as name:
        folder = Path(name)
        large = _files(folder / "large", 1, options.large << 20)
        small = _files(folder / "small", options.small, 16 << 10)
        for place, steps in (("a disk", _on_disk), ("S3", _on_s3)):
            with _endpoint():
                for title, files in (
                    (f"one object of {options.large} MiB", large),
                    (f"{options.small:,} objects of 16 KiB", small),
                ):
                    found = _measure(steps, files, folder / "turn", options.times)
                    _show(f"{title}, {place} ({machine()})", found, files)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", type=int, default=256, help="MiB of the large object")
    parser.add_argument("--small", type=int, default=1_000, help="number of small objects")
    parser.add_argument("--times", type=int, default=5, help="turns; the median counts")
    parser.add_argument("--folder", help="where to measure; default: the temporary folder")
    return parser


def _files(folder: Path, count: int, size: int) -> list[Path]:
    """Write files of bytes that do not compress."""
    folder.mkdir()
    made = [folder / f"{number:05}" for number in range(count)]
    for path in made:
        path.write_bytes(os.urandom(size))
    return made


def _on_disk(files: Sequence[Path], folder: Path) -> Steps:
    entries: list[Any] = []
    uri = (folder / "store").as_uri()

    def copy(source: Sequence[Path], name: str, *, flush: bool = False) -> None:
        (folder / name).mkdir()
        for path in source:
            shutil.copyfile(path, folder / name / path.name)
            if flush:
                with (folder / name / path.name).open("rb") as file:
                    os.fsync(file.fileno())

    return {
        "put, plain copy": lambda: copy(files, "plain"),
        "put, plain copy and fsync": lambda: copy(files, "flushed", flush=True),
        "put, Millrace": lambda: entries.extend(Store(uri).put_all(files)),
        "get, plain copy": lambda: copy([folder / "plain" / p.name for p in files], "back"),
        "get, Millrace": lambda: Store(uri).fetch(entries),
    }


def _on_s3(files: Sequence[Path], folder: Path) -> Steps:
    import boto3
    from s3fs import S3FileSystem

    bucket = f"bucket-{time.time_ns()}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    S3FileSystem.clear_instance_cache()
    entries: list[Any] = []
    plain = S3FileSystem()
    store = Store(f"s3://{bucket}/store", folder / "cache")
    plain.exists(bucket)  # both clients are connected before anything is timed
    store.check()
    (folder / "back").mkdir()

    def get() -> None:
        for path in files:
            plain.get_file(f"{bucket}/plain/{path.name}", str(folder / "back" / path.name))

    return {
        "put, plain s3fs": lambda: [
            plain.put_file(str(path), f"{bucket}/plain/{path.name}") for path in files
        ],
        "put, Millrace": lambda: entries.extend(store.put_all(files)),
        "get, plain s3fs": get,
        "get, Millrace": lambda: store.fetch(entries),
    }


def _measure(place: Place, files: Sequence[Path], folder: Path, times: int) -> dict[str, float]:
    """Return the median of the seconds of each step; one turn more warms everything up."""
    seconds: dict[str, list[float]] = {}
    for turn in range(times + 1):
        folder.mkdir()
        for name, step in place(files, folder).items():
            started = time.perf_counter()
            step()
            if turn:
                seconds.setdefault(name, []).append(time.perf_counter() - started)
        shutil.rmtree(folder)
    return {name: statistics.median(values) for name, values in seconds.items()}


def _show(title: str, found: dict[str, float], files: Sequence[Path]) -> None:
    size = sum(path.stat().st_size for path in files) / 2**20
    rows = []
    for name, seconds in found.items():
        baseline = next(value for key, value in found.items() if key[:3] == name[:3])
        rows.append(
            (name, f"{seconds:.2f} s, {size / seconds:,.0f} MiB/s, ratio {seconds / baseline:.2f}")
        )
    show(title, rows)


@contextmanager
def _endpoint() -> Iterator[None]:
    """Run an S3 endpoint that the variables of AWS's tools lead to, until the block ends."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    quiet = subprocess.DEVNULL  # it prints a line a request
    server = subprocess.Popen([sys.executable, "-c", ENDPOINT], stderr=quiet, **pipes)
    try:
        os.environ.update(
            AWS_ENDPOINT_URL=server.stdout.readline().strip(),
            AWS_ACCESS_KEY_ID="benchmark",
            AWS_SECRET_ACCESS_KEY="benchmark",
            AWS_DEFAULT_REGION="us-east-1",
        )
        yield
    finally:
        server.stdin.close()
        server.wait()


if __name__ == "__main__":
    main()
