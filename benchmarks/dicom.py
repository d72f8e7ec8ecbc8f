"""DICOM slices to windowed tensors, and their de-identification, against hand-written rivals.

Usage: ``DICOM_CT=<folder of ge-head-ct.tar.gz> python benchmarks/dicom.py [--rounds 7]``

*Tensors*: slices of 512 x 512 pixels, read from files that the system has in memory, become uint8
(height, width, 3): brain, subdural and bone windows. Ours is `decode`, which also checks the
header, and the transform's `window`; the rival is the loop that people write with pydicom and
NumPy (``dcmread``, ``pixel_array``, slope and intercept, ``clip``).

*De-identification*: files to files. Ours parses, applies the profile, writes, parses what was
written and searches it for every identifier; the rival is the package ``deid`` with its default
recipe and private elements removed, which checks nothing afterwards.

*Memory*: peak resident size of a process that lists and reads a folder of single-slice files, a
series of 40 each.

Each side runs in one thread of a process of its own, in turns; rates are of processor time, and
medians.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "include"))

from common import machine, show

_WINDOWS = ((40.0, 80.0), (80.0, 200.0), (600.0, 2_800.0))  # centre and width, HU
_PRIVACY = {"MILLRACE_PRIVACY_KEY": "5a" * 32}
_A_SERIES = 40


def main() -> None:
    """Compare the sides."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="of each side (default 7)")
    parser.add_argument("--slices", type=int, default=5_000, help="of the memory figure")
    parser.add_argument("--side", choices=_SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(_SIDES[arguments.side](arguments.folder)))
        return
    if not os.environ.get("DICOM_CT"):
        raise SystemExit("set DICOM_CT to the folder that holds ge-head-ct.tar.gz")
    with tempfile.TemporaryDirectory(prefix="millrace-benchmark-") as name:
        folder = Path(name)
        _unpack(folder / "series")
        _show_rates(folder / "series", arguments.rounds)
        _show_memory(folder, arguments.slices)


def _show_rates(folder: Path, rounds: int) -> None:
    sides = ("tensors", "tensors_script", "deidentify", "deidentify_deid")
    rates: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            rates[side].append(_child(side, folder)[0])
    found = {side: statistics.median(values) for side, values in rates.items()}
    rows: list[tuple[str, object]] = [
        (f"{side}, slices/s", f"{found[side]:,.0f}") for side in sides
    ]
    rows.append(("tensors, ours to theirs", f"{found['tensors'] / found['tensors_script']:.2f}"))
    rows.append(("de-identification, ours to theirs", f"{found[sides[2]] / found[sides[3]]:.2f}"))
    show(f"DICOM, {machine()}, {rounds} rounds", rows)


def _show_memory(folder: Path, slices: int) -> None:
    rows: list[tuple[str, object]] = []
    for count in (slices // 10, slices):
        made = folder / f"copies-{count}"
        _copies(folder / "series", made, count)
        seconds, peak = _child("read", made)
        rows.append((f"{count:,} slices", f"{peak:,.0f} MiB, {count / seconds:,.0f} slices/s"))
    show("Memory of listing, reading and de-identifying", rows)


def _child(side: str, folder: Path) -> tuple[float, float]:
    command = [sys.executable, __file__, "--side", side, "--folder", str(folder)]
    home = {"MILLRACE_HOME": str(folder.parent / "home"), "OMP_NUM_THREADS": "1"}
    environment = os.environ | _PRIVACY | home
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    first, second = json.loads(done.stdout.splitlines()[-1])
    return first, second


def _unpack(folder: Path) -> None:
    folder.mkdir()
    with tarfile.open(Path(os.environ["DICOM_CT"], "ge-head-ct.tar.gz")) as archive:
        for member in archive.getmembers():
            content = archive.extractfile(member)
            if content is not None:
                (folder / Path(member.name).name).write_bytes(content.read())


def _copies(source: Path, target: Path, count: int) -> None:
    """Write small slices of many series and patients."""
    import pydicom

    target.mkdir()
    image = pydicom.dcmread(next(iter(sorted(source.iterdir()))))
    image.Rows, image.Columns, size = 128, 128, 128 * 128 * 2
    pixels = image.PixelData
    for number in range(count):
        series = number // _A_SERIES
        image.PatientID, image.StudyInstanceUID = f"P{series}", f"1.2.3.{series}"
        image.SeriesInstanceUID = f"1.2.3.{series}.1"
        image.SOPInstanceUID = f"1.2.3.{series}.1.{number}"
        image.ImagePositionPatient = [0, 0, number % _A_SERIES]
        image.PixelData = pixels[number % 1_000 : number % 1_000 + size]
        image.save_as(target / f"{number}.dcm")


def _rate(work: Callable[[Path], None], folder: Path) -> tuple[float, float]:
    """Return files a second of processor time, the second time over all files."""
    files = sorted(folder.iterdir())
    for path in files:
        work(path)
    start = time.process_time()
    for path in files:
        work(path)
    return len(files) / (time.process_time() - start), 0.0


def _tensors(folder: Path) -> tuple[float, float]:
    import numpy as np

    from millrace.data.dicom.pixels import decode
    from millrace.data.scans.channels import window

    def work(path: Path) -> None:
        values = decode(path.read_bytes()).pixels
        np.stack([window(values, *one) for one in _WINDOWS], axis=-1)

    return _rate(work, folder)


def _tensors_script(folder: Path) -> tuple[float, float]:
    import numpy as np
    import pydicom

    def work(path: Path) -> None:
        image = pydicom.dcmread(path)
        slope, intercept = float(image.RescaleSlope), float(image.RescaleIntercept)
        values = image.pixel_array.astype(np.float32) * slope + intercept
        channels = []
        for centre, width in _WINDOWS:
            low = centre - width / 2
            scaled = (np.clip(values, low, low + width) - low) / width * 255
            channels.append(scaled.astype(np.uint8))
        np.stack(channels, axis=-1)

    return _rate(work, folder)


def _deidentify(folder: Path) -> tuple[float, float]:
    from millrace.data.dicom.checks import check
    from millrace.data.dicom.deidentify import Deidentifier
    from millrace.data.dicom.parse import parse
    from millrace.data.dicom.profile import Profile
    from millrace.privacy.keys import load_key
    from millrace.privacy.pseudonyms import Pseudonyms
    from millrace.workflow.privacy import Privacy

    profile = Profile(Privacy().model_dump(mode="json"))
    pseudonyms = Pseudonyms(load_key())
    deidentify = Deidentifier(profile, pseudonyms)
    output = folder.parent / "ours"
    output.mkdir(exist_ok=True)

    def work(path: Path) -> None:
        image = parse(path.read_bytes())
        made = deidentify(image, pseudonyms.patient(str(image.PatientID)))
        if not all(check(made.content, made.identifiers, profile).values()):
            raise SystemExit("a check failed")
        (output / path.name).write_bytes(made.content)

    return _rate(work, folder)


def _deidentify_deid(folder: Path) -> tuple[float, float]:
    from deid.dicom import replace_identifiers

    output = folder.parent / "deid"
    output.mkdir(exist_ok=True)

    def work(path: Path) -> None:
        replace_identifiers(
            [str(path)], save=True, overwrite=True, output_folder=str(output), remove_private=True
        )

    sys.stderr = io.StringIO()
    return _rate(work, folder)


def _read(folder: Path) -> tuple[float, float]:
    from millrace.data.sources.reader import open_reader
    from millrace.workflow.dicom_sources import DicomSource

    source = DicomSource(kind="dicom", name="scans", uri=str(folder), partition_rows=200)
    document = source.model_dump(mode="json")
    start = time.perf_counter()
    rows = 0
    for partition in open_reader(document).partitions():
        rows += sum(table.num_rows for table in open_reader(document).read(partition))
    if rows != len(list(folder.iterdir())):
        raise SystemExit(f"{rows} records")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return time.perf_counter() - start, peak


_SIDES: dict[str, Callable[[Path], tuple[float, float]]] = {
    "tensors": _tensors,
    "tensors_script": _tensors_script,
    "deidentify": _deidentify,
    "deidentify_deid": _deidentify_deid,
    "read": _read,
}


if __name__ == "__main__":
    main()
