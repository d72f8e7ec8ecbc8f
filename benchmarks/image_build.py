"""How long the images take to build, and how large they are.

Usage: python benchmarks/image_build.py [--cold] [BASE=…] (or another variable of the Makefile).
`--cold` builds without any cache first, which installs all packages: minutes. The warm build has a
module of the package changed, in a copy of the checkout.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import PROJECT, machine, show

SENT = ("Makefile", ".dockerignore", "include", "dags", "plugins")
IMAGES = {"trainer": "millrace-bench-trainer:cpu", "airflow": "millrace-bench-airflow"}


def main() -> None:
    """Build both images and print the figures; the images built for it are removed."""
    cold = "--cold" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--cold"]
    rows: list[tuple[str, object]] = [("machine", machine())]
    with tempfile.TemporaryDirectory(prefix="millrace-benchmark-") as folder:
        checkout = _copy(Path(folder))
        for which in IMAGES:
            rows += _measure(checkout, which, arguments, cold=cold)
    show("Images", rows)


def _copy(folder: Path) -> Path:
    """Return a copy of what the images are made of."""
    for name in SENT:
        source = PROJECT / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, folder / name)
    return folder


def _measure(
    checkout: Path, which: str, arguments: list[str], *, cold: bool
) -> list[tuple[str, object]]:
    image = IMAGES[which]
    rows: list[tuple[str, object]] = []
    if cold:
        seconds = _build(checkout, which, [*arguments, "BUILD_ARGS=--no-cache"])
        rows.append((f"{which}, nothing cached", f"{seconds:.0f} s"))
    else:
        _build(checkout, which, arguments)
    rows.append((f"{which}, nothing changed", f"{_build(checkout, which, arguments):.1f} s"))
    with (checkout / "include" / "millrace" / "wording.py").open("a") as module:
        module.write(f"# {time.time()}\n")
    rows.append((f"{which}, a module changed", f"{_build(checkout, which, arguments):.1f} s"))
    size = _docker("image", "inspect", "--format", "{{.Size}}", image)
    saved = f"docker save {image} | gzip -1 | wc -c"
    packed = subprocess.run(saved, shell=True, capture_output=True, text=True, check=True).stdout
    tags = _docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", image.partition(":")[0])
    _docker("image", "rm", *tags.split())
    sizes = f"{int(size) / 1e9:.2f} GB, compressed {int(packed) / 1e9:.2f} GB"
    return [*rows, (f"{which}, size", sizes)]


def _build(checkout: Path, which: str, arguments: list[str]) -> float:
    """Return the seconds that a build takes."""
    name = f"{which.upper()}_IMAGE={IMAGES[which]}"
    started = time.monotonic()
    subprocess.run(
        ["make", f"{which}-image", name, *arguments],
        cwd=checkout,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.monotonic() - started


def _docker(*arguments: str) -> str:
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


if __name__ == "__main__":
    main()
